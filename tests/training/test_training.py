from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from soundini.cli import main
from soundini.diffusion.condition import ConditionEmbedding
from soundini.packs.debug import debug_pack
from soundini.packs.loading import load_pack
from soundini.training.classes import CLASSES, HEARD_WITH, IMAGE_CLASS
from soundini.training.images import LabelledImages
from soundini.training.mixtures import draw_mixtures, soft_masks
from soundini.training.prior import denoising_loss, draw_noise, draw_scales, train_prior
from soundini.training.recipe import JointRecipe, PriorRecipe, VqganRecipe, load_train_recipe
from training_runs import WEIGHTS, heard_pictures, run_prior


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
    sizes = ["--set", "steps=2", "--set", "batch=2", "--set", "size=32", "--set", "save_every=1"]
    assert main([*asked, *sizes]) == 0, capsys.readouterr().err
    assert {p.name for p in run.iterdir()} >= {
        "last.safetensors",
        "log.csv",
        "samples-000001.png",
        "samples-000002.png",
    }
    assert len((run / "log.csv").read_text().splitlines()) == 3
    trained = load_pack(pack).denoiser
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
    assert set(getattr(recipe, "weights", {})) <= set(IMAGE_CLASS) | set(HEARD_WITH)


def test_the_prior_learns(data, tmp_path):
    losses = run_prior(data, tmp_path, 60)
    assert sum(losses[-10:]) < 0.8 * sum(losses[:10])


def test_an_unconditional_network_starts_as_what_it_was(debug):
    x = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    before = debug.denoiser.output(x, 300)
    debug.denoiser.take_condition(ConditionEmbedding(16, debug.denoiser.time_dim))
    assert torch.equal(debug.denoiser.output(x, 300), before)
    assert torch.equal(debug.denoiser.output(x, 300, torch.randn(2, 16)), before)


def test_the_prior_learns_to_listen(data, tmp_path):
    """What it is told decides what it draws: told of fire it draws red, told of the deep it draws blue."""
    denoiser = debug_pack().denoiser
    pictures = heard_pictures(data, blended=0.0, dropped=0.0)
    recipe = PriorRecipe(
        weights=WEIGHTS, steps=150, batch=8, size=32, min_crop=32, lr=2e-3, warmup=5
    )
    for _ in train_prior(denoiser, pictures, recipe, tmp_path):
        pass
    x = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)).repeat(2, 1, 1, 1)
    told = torch.stack([pictures.sounds[name][0] for name in ("fire", "underwater")])
    denoiser.requires_grad_(False)
    fire, deep = denoiser.interpret(x, 800, denoiser.output(x, 800, told)).pred_xstart
    redness = [float(frame[0].mean() - frame[2].mean()) for frame in (fire, deep)]
    assert redness[0] > redness[1] + 0.1


def test_a_longer_condition_asks_for_as_much_more_of_its_effect():
    """The least loss is that of classifier-free guidance: v + (c - 1) (told - untold), but where nothing is told."""
    schedule = debug_pack().denoiser.schedule
    generator = torch.Generator().manual_seed(0)
    x_start, eps = torch.randn(2, 5, 3, 4, 4, generator=generator)
    t, scale = torch.tensor([10, 200, 500, 800, 990]), torch.tensor([1.0, 2.0, 3.0, 3.0, 1.5])
    heard = torch.ones(5, 2)
    heard[3] = 0
    abar = schedule.alphas_cumprod[t].float().view(-1, 1, 1, 1)
    v = abar.sqrt() * eps - (1 - abar).sqrt() * x_start

    def says_of_told(x, _, told):  # 0.2 where told once, 0 where untold
        return told[:, :1, None, None].expand_as(x) * 0.2

    def guided(x, _, told):
        assert torch.equal(told, heard * scale[:, None])
        return v + 0.2 * ((scale - 1) * heard[:, 0]).view(-1, 1, 1, 1)

    def plain(x, _, told):
        return v

    average = SimpleNamespace(output=says_of_told)
    losses = [
        float(
            denoising_loss(
                SimpleNamespace(schedule=schedule, output=output),
                average,
                x_start,
                heard,
                t,
                eps,
                scale,
                snr_gamma=5.0,
            )
        )
        for output in (guided, plain)
    ]
    assert losses[0] < 1e-12
    assert losses[1] > 1e-3


def test_half_of_the_conditions_keep_their_length():
    scales = draw_scales(1000, 6.0, np.random.default_rng(0))
    assert 0.45 < float((scales == 1).float().mean()) < 0.55
    assert 5.8 < float(scales.max()) <= 6
    assert torch.equal(draw_scales(8, 1.0, np.random.default_rng(0)), torch.ones(8))


def test_a_faded_picture_has_a_shorter_condition(data):
    pictures = heard_pictures(data, blended=1.0, dropped=0.0, noise=0.0)
    _, told = pictures.draw(64, 32, {"fire": 1.0}, np.random.default_rng(0), min_crop=32)
    length = told.norm(dim=1)
    assert length.min() < 0.4
    assert 0.7 < length.max() <= 0.9 + 1e-5
    bare = heard_pictures(data, blended=0.0, dropped=1.0)
    assert not bare.draw(8, 32, {"fire": 1.0}, np.random.default_rng(0), min_crop=32)[1].any()


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
    for classes in HEARD_WITH.values():
        assert set(classes) <= set(CLASSES)
        assert sum(classes.values()) == pytest.approx(1)


def test_noisy_levels_are_drawn_as_often_as_asked():
    schedule = debug_pack().denoiser.schedule
    crops = torch.zeros(400, 3, 2, 2)
    for noisy in (0.0, 1.0, 3.0):
        t, _ = draw_noise(schedule, crops, torch.Generator().manual_seed(0), noisy)
        share = float((t < schedule.num_timesteps / 2).float().mean())
        assert share == pytest.approx(0.5 ** (1 + noisy), abs=0.01)
