"""How much of the sound one frame hears."""

from dataclasses import replace

import pytest
import torch

from paper_factory import paper_recipe
from soundini.editing.window import guidance_terms
from soundini.packs.loading import load_pack

pytest.importorskip("open_clip")
pytestmark = pytest.mark.usefixtures("paper_home")


@pytest.mark.parametrize("name", ["paper-256", "embedded", "debug"])
def test_a_shorter_window_follows_the_sound_more_closely(packs, name):
    joint = packs[name].joint if name in packs else load_pack(name).joint
    random = torch.Generator().manual_seed(0)
    waveform = torch.randn(joint.sample_rate * 4, generator=random) * 0.1
    waveform[: len(waveform) // 2] *= 0.01
    times = torch.tensor([1.6, 2.4])
    change = {
        seconds: float(joint.embed_sound(waveform, times, seconds).diff(dim=0).norm())
        for seconds in (0.01, 0.5, 3.5)
    }
    assert change[0.5] > change[3.5]
    own, same = (joint.embed_sound(waveform, times, s) for s in (None, joint.window_seconds))
    assert torch.allclose(own, same, atol=1e-6)


def test_the_recipe_sets_the_window(packs):
    from soundini.config.recipe import SoundConfig
    from soundini.editing.sound_track import lay_sound
    from soundini.media.sound import Sound

    noise = torch.randn(1, 44_100, generator=torch.Generator().manual_seed(0)) * 0.1
    sound = Sound((noise * torch.linspace(0.1, 1, 44_100)).numpy().clip(-1, 1), 44_100)
    whole, short = (
        lay_sound(sound, [0.2, 0.8], 1.0, packs["paper-256"].joint, SoundConfig(window=seconds))
        for seconds in (0, 0.3)
    )
    assert short.embeds.diff(dim=0).norm() > whole.embeds.diff(dim=0).norm()


def test_neighbours_count_for_the_papers_loss_though_they_hear_nearly_the_same(packs, inputs):
    """Ten seconds a frame, a 24th of a second apart: dz is short, and has a direction."""
    pack = packs["paper-256"]
    random = torch.Generator().manual_seed(0)
    waveform = torch.randn(4 * 44_100, generator=random) * 0.1
    waveform *= torch.linspace(0, 40, len(waveform)).sin().abs()
    embeds = pack.joint.embed_sound(waveform, 2 + torch.arange(3) / 24)
    apart = embeds.diff(dim=0).norm(dim=-1)
    assert 1e-5 < apart.min() < apart.max() < 1e-1
    window = replace(inputs, sound_embeds=embeds)
    for heard, counted in (
        (window, 1.0),
        (replace(inputs, sound_embeds=embeds[:1].expand(3, -1)), 0.0),
    ):
        terms = {w.term.name: w.term for w in guidance_terms(pack, heard, paper_recipe())}
        assert (terms["directional"].active == counted).all()
