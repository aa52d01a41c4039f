"""A window edited by the packs of the paper."""

from dataclasses import replace

import pytest
import torch

from paper_factory import last_step, paper_recipe
from soundini.editing.memory import arrange
from soundini.errors import ConfigError
from soundini.flow.dis import DISFlow
from soundini.packs import paper

pytest.importorskip("open_clip")
pytestmark = pytest.mark.usefixtures("paper_home")

CHEAP = ("sampling.steps=1", "guidance.lambda_flow=0", "guidance.lambda_background=0")


def test_the_recipe_of_the_paper_edits(packs, inputs):
    step = last_step(packs["paper-256"], inputs, paper_recipe())
    assert set(step.diagnostics) == {"sound", "directional", "flow", "background", "range"}
    assert step.x.isfinite().all()
    inside = inputs.mask.expand_as(step.x) > 0
    assert (step.x[inside] != inputs.source[inside]).float().mean() > 0.9


def test_labels_come_from_the_recipe(packs, inputs):
    pack = packs["paper-512"]
    two, three, two_again = (
        last_step(pack, inputs, paper_recipe(*CHEAP, f"sampling.class_label={n}")).pred_xstart
        for n in (2, 3, 2)
    )
    assert torch.equal(two, two_again)
    assert not torch.equal(two, three)
    with pytest.raises(ConfigError, match="classes 0 to 6"):
        last_step(pack, inputs, paper_recipe("sampling.class_label=7"))
    arrange(
        packs["paper-256"], paper_recipe("sampling.class_label=7")
    )  # takes none, so any will do


def test_flow_that_carries_no_gradient_is_measured_once(packs, inputs, monkeypatch):
    asked = []
    monkeypatch.setattr("soundini.editing.window.estimate_pairs", lambda *_: asked.append(1))
    pack = replace(packs["paper-256"], flow=DISFlow())
    settings = paper_recipe("sampling.steps=1", "guidance.lambda_background=0")
    assert settings.guidance.flow_on == "predicted"
    assert "flow" in last_step(pack, inputs, settings).diagnostics
    assert not asked


@pytest.mark.gpu
@pytest.mark.parametrize("settings", [[], ["compute.offload=true", "compute.checkpoint=true"]])
def test_the_same_edit_on_a_gpu(packs, inputs, home, gpu, monkeypatch, settings):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    chosen = paper_recipe("sampling.steps=1", "guidance.text=fire", *settings)
    expected = last_step(packs["paper-256"], inputs, chosen)
    pack = paper.load_paper_pack("paper-256", device=gpu, home=home)
    there = replace(
        inputs,
        source=inputs.source.to(gpu),
        mask=inputs.mask.to(gpu),
        sound_embeds=inputs.sound_embeds.to(gpu),
        strength=inputs.strength.to(gpu),
        pairs=inputs.pairs.to(gpu),
    )
    step = last_step(pack, there, chosen)
    assert torch.allclose(step.pred_xstart.cpu(), expected.pred_xstart, rtol=1e-3, atol=1e-2)
