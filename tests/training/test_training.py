from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from soundini.cli import main
from soundini.diffusion.denoiser import ConditionEmbedding, seen_channels
from soundini.packs.debug import debug_pack
from soundini.packs.loading import load_pack
from soundini.training.classes import CLASSES, IMAGE_CLASS, MIXED_LABELS
from soundini.training.composites.feed import BatchFeed, pick_size
from soundini.training.images import LabelledImages
from soundini.training.mixtures import draw_mixtures, soft_masks
from soundini.training.prior import (
    LEVELS,
    HeldOutComposites,
    denoising_loss,
    draw_noise,
    draw_samples,
    train_prior,
)
from soundini.training.recipe import JointRecipe, PriorRecipe, VqganRecipe, load_train_recipe
from training_runs import composite_crops, losses_of, run_prior


def test_a_resumed_prior_goes_on_bit_for_bit(data, tmp_path):
    whole = run_prior(data, tmp_path / "whole", 6)
    first = run_prior(data, tmp_path / "parts", 6, stop=2)
    rest = run_prior(data, tmp_path / "parts", 6)
    assert first + rest == whole
    a, b = (load_file(tmp_path / n / "last.safetensors") for n in ("whole", "parts"))
    assert all(torch.equal(a[k], b[k]) for k in a)


def test_the_command_trains_and_the_pack_edits(data, sounds, tmp_path, capsys):
    """``soundini train prior``, and the pack it writes, through the command line."""
    run, pack = tmp_path / "run", tmp_path / "pack"
    asked = ["train", "prior", str(data), "--run", str(run), "-o", str(pack)]
    effects = 'effects={"fire": 0.5, "none": 0.5}'  # the loss is measured for each
    small = ("steps=2", "batch=2", 'sizes={"32": 1}', effects)
    sizes = [word for setting in small for word in ("--set", setting)]
    assert main([*asked, *sizes]) == 0, capsys.readouterr().err
    names = {p.name for p in run.iterdir()}
    assert names >= {"last.safetensors", "log.csv", "samples-000002.png"}
    assert len((run / "log.csv").read_text().splitlines()) == 3
    assert (run / "held_out.csv").read_text().startswith("step,class,t,loss")
    trained = load_pack(pack).denoiser
    assert trained.sees_source
    state = {k[4:]: v for k, v in load_file(run / "last.safetensors").items() if k[:4] == "ema."}
    assert trained.condition is not None
    for key, value in trained.state_dict().items():
        torch.testing.assert_close(value, state[key], atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("wrong", ["stepz=3", "steps=0", "steps"])
def test_a_setting_that_is_none_is_refused(data, tmp_path, capsys, wrong):
    asked = ["train", "prior", str(data), "--run", str(tmp_path / "r"), "-o", str(tmp_path / "p")]
    assert main([*asked, "--set", wrong]) == 2
    assert "step" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", [PriorRecipe, JointRecipe, VqganRecipe])
def test_recipes_of_the_shipped_weights_are_whole(kind):
    recipe = load_train_recipe(kind)
    named = set(recipe.model_fields_set)
    assert named >= set(kind.model_fields) - {"seed"}
    assert set(getattr(recipe, "weights", {})) <= {*IMAGE_CLASS, *MIXED_LABELS}
    assert set(getattr(recipe, "effects", {})) <= set(CLASSES)


def test_an_unconditional_network_starts_as_what_it_was():
    denoiser = debug_pack().denoiser
    x = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    before = denoiser.output(x, 300)
    denoiser.take_condition(ConditionEmbedding(16, denoiser.time_dim))
    assert torch.equal(denoiser.output(x, 300), before)
    assert torch.equal(denoiser.output(x, 300, torch.randn(2, 16)), before)


def test_a_network_that_is_shown_the_source_starts_as_what_it_was():
    denoiser = debug_pack().denoiser
    x, source = torch.randn(2, 2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    before = denoiser.output(x, 300)
    denoiser.see_source()
    assert denoiser.sees_source
    seen = seen_channels(source)
    assert torch.allclose(denoiser.output(x, 300, None, seen), before, atol=1e-6)
    assert torch.allclose(denoiser.output(x, 300), before, atol=1e-6)


def test_the_prior_learns_what_to_draw_and_where(data, tmp_path):
    """From pure noise: under the condition of the deep the scene turns blue, without one it stays what it is."""
    denoiser = debug_pack().denoiser
    crops = composite_crops(data, effects={"underwater": 0.7, "none": 0.3}, silent=0.3, withheld=0)
    recipe = PriorRecipe(steps=90, batch=8, sizes={32: 1.0}, lr=4e-3, warmup=5, decay=0.3)
    losses = losses_of(train_prior(denoiser, crops, None, recipe, tmp_path), None)
    assert sum(losses[-10:]) < 0.8 * sum(losses[:10])
    denoiser.requires_grad_(False)
    shown = crops.composites(["underwater"] * 2, [1, 1], 32, np.random.default_rng(0), whole=True)
    noise = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    deep = draw_samples(denoiser, noise, shown.condition, shown.seen)
    silent = draw_samples(denoiser, noise, torch.zeros_like(shown.condition), shown.seen)
    source = shown.seen[:, :3]
    redness = [float((x[:, 0] - x[:, 2]).mean()) for x in (source, deep, silent)]
    assert redness[1] < redness[2] - 0.1
    assert abs(redness[2] - redness[0]) < abs(redness[1] - redness[0])
    assert (silent - source).abs().mean() < (deep - source).abs().mean()


def test_the_loss_weighs_levels_and_pixels():
    """Against the formula, written out for one crop at a time."""
    schedule = debug_pack().denoiser.schedule
    generator = torch.Generator().manual_seed(0)
    x_start, eps, said = torch.randn(3, 4, 3, 6, 6, generator=generator)
    seen = torch.cat([x_start.clone(), torch.ones(4, 1, 6, 6)], 1)
    seen[:, :3, :3] += 0.5  # the upper half is the effect's
    t = torch.tensor([10, 300, 700, 990])
    fake = SimpleNamespace(schedule=schedule, output=lambda x, t, c, s: said)
    loss = denoising_loss(
        fake, x_start, seen, torch.zeros(4, 2), t, eps, snr_gamma=5.0, effect_weight=3.0
    )
    total = weight_sum = 0.0
    for i in range(4):
        abar = float(schedule.alphas_cumprod[t[i]])
        v = abar**0.5 * eps[i] - (1 - abar) ** 0.5 * x_start[i]
        level = 5 / (abar / (1 - abar) + 5)
        for row in range(6):
            pixel = 3.0 if row < 3 else 1.0
            total += level * pixel * float((said[i, :, row] - v[:, row]).square().mean())
            weight_sum += pixel
    assert float(loss) == pytest.approx(total / weight_sum, rel=1e-4)


def test_held_out_losses_are_by_class_and_level(data):
    crops = composite_crops(data, effects={"underwater": 0.5, "none": 0.5})
    held_out = HeldOutComposites.draw(crops, 32)
    denoiser = debug_pack().denoiser
    denoiser.take_condition(ConditionEmbedding(32, denoiser.time_dim))
    denoiser.see_source()
    losses = held_out.losses(denoiser)
    assert set(losses) == set(crops.effects)
    assert all(set(by_level) == set(LEVELS) for by_level in losses.values())
    assert losses == HeldOutComposites.draw(crops, 32).losses(denoiser)


def test_crops_are_larger_at_the_end():
    recipe = PriorRecipe(steps=100, batch=32, sizes={32: 1}, late=0.25, late_sizes={64: 1})
    rng = np.random.default_rng(0)
    assert [pick_size(recipe, step, rng) for step in (0, 74, 75, 99)] == [32, 32, 64, 64]


def test_a_batch_of_large_crops_has_fewer(data):
    recipe = PriorRecipe(steps=2, batch=8, sizes={32: 1}, late=0.5, late_sizes={64: 1})
    with BatchFeed(composite_crops(data), recipe, 0, multiple=2) as feed:
        shapes = [tuple(batch.target.shape) for _, batch in feed]
    assert shapes == [(8, 3, 32, 32), (2, 3, 64, 64)]


def test_mixtures_say_how_much_effect_they_hold(data):
    drawn = draw_mixtures(LabelledImages(data), 64, 32, np.random.default_rng(0))
    assert torch.allclose(drawn.targets.sum(1), torch.ones(64), atol=1e-5)
    assert drawn.images.abs().max() <= 1
    partial = (drawn.targets > 0.05).sum(1) == 2
    assert 10 < int(partial.sum()) < 60


def test_soft_masks_are_partial():
    masks = soft_masks(32, 24, np.random.default_rng(0))
    assert masks.min() >= 0
    assert masks.max() <= 1
    assert 0.02 < masks.mean() < 0.9


def test_every_picture_is_on_one_side(data):
    sides = [LabelledImages(data, side=side).by_label for side in ("train", "judge", "held_out")]
    count = [sum(map(len, by_label.values())) for by_label in sides]
    assert sum(count) == 40
    assert count[0] > count[1] > 0


def test_every_label_has_a_known_class():
    assert set(IMAGE_CLASS.values()) == set(CLASSES)


def test_noisy_levels_are_drawn_as_often_as_asked():
    schedule = debug_pack().denoiser.schedule
    crops = torch.zeros(400, 3, 2, 2)
    for noisy in (0.0, 1.0, 3.0):
        t, _ = draw_noise(schedule, crops, torch.Generator().manual_seed(0), noisy)
        share = float((t < schedule.num_timesteps / 2).float().mean())
        assert share == pytest.approx(0.5 ** (1 + noisy), abs=0.01)
