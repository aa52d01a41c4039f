"""Training of the VQGAN: resuming, the balance of the two networks, codes that die, and the command."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from soundini.baselines.vqgan.loading import build_vqgan, load_vqgan
from soundini.cli import main
from soundini.perceptual.imagenet import ImageNetDistance
from soundini.training.images import LabelledImages
from soundini.training.recipe import VqganRecipe
from soundini.training.vqgan import (
    AdversarialVQGAN,
    PatchDiscriminator,
    adversarial_loss,
    balance,
    begin_vqgan,
    hinge,
    shape_of,
    train_vqgan,
)
from training_runs import losses_of

WEIGHTS = {"fire": 0.4, "sea": 0.2, "underwater": 0.3, "generic": 0.1}

SMALL = {"ch": 8, "ch_mult": (1, 2, 2), "n_embed": 32, "embed_dim": 4, "discriminator_width": 8}
RECIPE = VqganRecipe(
    **SMALL,
    steps=6,
    batch=4,
    size=32,
    min_crop=32,
    warmup=2,
    decay=0.3,
    quantise_from=1,
    discriminator_from=2,
    save_every=3,
    weights=WEIGHTS,
)


def run(data, folder, recipe=RECIPE, stop=None):
    vqgan = build_vqgan(shape_of(recipe))
    return losses_of(train_vqgan(vqgan, LabelledImages(data), recipe, folder), stop)


def two_networks():
    return AdversarialVQGAN(build_vqgan(shape_of(RECIPE)), PatchDiscriminator(8)).requires_grad_(
        True
    )


def crops():
    return torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(1)) * 2 - 1


def loss_of(networks, step, recipe=RECIPE):
    rng = np.random.default_rng(0)
    return adversarial_loss(networks, ImageNetDistance(), crops(), recipe, step, rng)


def test_a_resumed_vqgan_goes_on_bit_for_bit(data, tmp_path):
    """Across a save in the middle of training: the discriminator, its optimiser and the codes' counts are kept."""
    whole = run(data, tmp_path / "whole")
    first = run(data, tmp_path / "parts", stop=3)
    rest = run(data, tmp_path / "parts")
    assert first + rest == whole
    a, b = (load_file(tmp_path / n / "last.safetensors") for n in ("whole", "parts"))
    assert a.keys() == b.keys()
    assert all(torch.equal(a[k], b[k]) for k in a)
    assert any(k.startswith("model.discriminator.") for k in a)


def test_neither_network_learns_from_the_others_loss():
    """The VQGAN's part of the sum leaves the discriminator alone, and the discriminator's part the VQGAN."""
    networks = two_networks()
    loss, figures = loss_of(networks, 5)
    assert figures["lambda"] > 0
    loss.backward()
    found = [p.grad.clone() for p in networks.discriminator.parameters()]
    networks.zero_grad()
    with torch.no_grad():
        drawn = networks.vqgan(crops())
    hinge(networks.discriminator(crops()), networks.discriminator(drawn)).backward()
    for gradient, parameter in zip(found, networks.discriminator.parameters(), strict=True):
        torch.testing.assert_close(gradient, parameter.grad, atol=1e-5, rtol=1e-4)


def test_the_discriminator_waits_for_its_step():
    networks = two_networks()
    loss_of(networks, 1)[0].backward()
    assert all(p.grad is None for p in networks.discriminator.parameters())
    assert all(p.grad is not None for p in networks.vqgan.parameters())


def test_before_they_enter_codes_have_no_gradient():
    networks = two_networks()
    loss_of(networks, 0)[0].backward()
    assert networks.vqgan.quantize.embedding.weight.grad is None


def test_the_balance_makes_either_loss_pull_alike():
    last = torch.ones(3, requires_grad=True)
    rebuilt, fooled = (last * torch.tensor([3.0, 0, 4])).sum(), (last * 0.5).sum()
    weight = balance(rebuilt, fooled, last)
    (pull,) = torch.autograd.grad(weight * fooled, last)
    assert float(pull.norm()) == pytest.approx(5, rel=1e-3)


def test_codes_that_are_never_chosen_become_latents_and_others_stay():
    networks = two_networks()
    networks.usage[:4] = 2.0
    before = networks.vqgan.quantize.embedding.weight.detach().clone()
    latents = torch.randn(2, 4, 3, 3, generator=torch.Generator().manual_seed(0))
    assert networks.revive(latents, np.random.default_rng(0)) == 28
    after = networks.vqgan.quantize.embedding.weight.detach()
    assert torch.equal(after[:4], before[:4])
    rows = latents.movedim(1, -1).reshape(-1, 4)
    assert torch.cdist(after[4:], rows).amin(1).max() < 1e-2
    assert networks.used() == 1
    assert networks.revive(latents, np.random.default_rng(0)) == 0


def test_perplexity_counts_the_codes_in_use():
    networks = two_networks()
    networks.usage[:8] = 3.0
    assert float(networks.perplexity()) == pytest.approx(8, rel=1e-4)


def test_it_learns(data, tmp_path):
    recipe = RECIPE.model_copy(
        update={"steps": 36, "lr": 2e-3, "discriminator_from": 100, "save_every": 36}
    )
    losses = run(data, tmp_path, recipe)
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])


def test_the_command_trains_and_what_it_writes_can_be_loaded(data, tmp_path, capsys):
    """``soundini train vqgan``, twice: anew, and on from what it wrote."""
    folder, settings = tmp_path / "vqgan", []
    small = {"ch": 8, "ch_mult": "[1,2]", "n_embed": 32, "steps": 2, "batch": 2, "size": 32}
    for name, value in {**small, "save_every": 1, "discriminator_from": 1}.items():
        settings += ["--set", f"{name}={value}"]
    for run_folder, more in (("a", []), ("b", ["--start", str(folder)])):
        asked = ["train", "vqgan", str(data), "--run", str(tmp_path / run_folder)]
        assert main([*asked, "-o", str(folder), *settings, *more]) == 0, capsys.readouterr().err
        names = {p.name for p in (tmp_path / run_folder).iterdir()}
        assert names >= {"last.safetensors", "log.csv", "samples-000001.png", "samples-000002.png"}
        state = load_file(tmp_path / run_folder / "last.safetensors")
        for key, value in load_vqgan(folder).state_dict().items():
            torch.testing.assert_close(value, state[f"ema.vqgan.{key}"], atol=1e-3, rtol=1e-3)
    header = (tmp_path / "a" / "log.csv").read_text().splitlines()[0].split(",")
    assert {"l1", "perceptual", "codebook", "used", "perplexity", "lambda"} <= set(header)


@torch.no_grad()
def test_it_begins_by_redrawing_the_colours_of_cells(data):
    """Without a step of training, pictures that it was not begun on come out in their colours."""
    recipe = RECIPE.model_copy(update={"ch": 16, "embed_dim": 8})
    images = LabelledImages(data)
    vqgan = begin_vqgan(images, recipe)
    again = begin_vqgan(images, recipe).state_dict()
    assert all(torch.equal(value, again[key]) for key, value in vqgan.state_dict().items())
    seen, _ = images.crops(16, 32, WEIGHTS, np.random.default_rng(9), min_crop=32)
    means = seen.mean((2, 3))
    drawn = vqgan.decode(vqgan.encode(seen)).mean((2, 3))
    assert (drawn - means).abs().mean() < 0.25 * (means.mean(0) - means).abs().mean()
