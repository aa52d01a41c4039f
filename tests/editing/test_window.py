"""Which steps of a window are guided."""

import pytest
import torch

from soundini.config.presets import load_preset, override
from soundini.diffusion.schedule import NoiseSchedule
from soundini.editing.window import WindowInputs, noisiest_guided, sample_window
from soundini.flow.pairs import FlowPairs
from soundini.packs.loading import load_pack


def window_inputs(pack):
    frames = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    flow, seen = torch.zeros(1, 2, 32, 32), torch.ones(1, 1, 32, 32)
    embeds = pack.joint.embed_sound(
        torch.zeros(pack.joint.sample_rate) + 0.1, torch.tensor([0.2, 0.6])
    )
    pairs = FlowPairs(flow, flow, seen, seen)
    return WindowInputs((0, 1), frames, frames[:, :1] * 0 + 1, embeds, torch.ones(2), pairs)


@pytest.mark.parametrize("name", ["squaredcos_cap_v2", "linear"])
def test_guidance_moves_no_estimate_by_more_than_some_ranges(name):
    schedule = NoiseSchedule.from_diffusers({"beta_schedule": name})
    recipe = override(load_preset("fast"), ["guidance.rule=normalised"])
    first = noisiest_guided(recipe, schedule)
    abar = float(schedule.alphas_cumprod[first])
    assert ((1 - abar) / abar) ** 0.5 < 50
    assert first == 999 or float(schedule.alphas_cumprod[first + 1]) < 5e-4
    paper = override(load_preset("fast"), ["guidance.rule=paper"])
    assert noisiest_guided(paper, schedule) > 999


def test_a_strength_of_nothing_computes_no_term(monkeypatch):
    def forbidden(*_):
        raise AssertionError("a term was made")

    monkeypatch.setattr("soundini.editing.window.guidance_terms", forbidden)
    pack = load_pack("debug")
    recipe = override(load_preset("fast"), ["guidance.strength=0", "sampling.steps=2"])
    steps = list(sample_window(pack, window_inputs(pack), recipe))
    assert torch.isfinite(steps[-1].x).all()
