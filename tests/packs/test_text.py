"""Words as a target, alone or beside the sound."""

import pytest
import torch

from paper_factory import last_step, paper_recipe
from soundini.config.presets import override
from soundini.editing.window import guidance_terms
from soundini.errors import ConfigError

pytest.importorskip("open_clip")
pytestmark = pytest.mark.usefixtures("paper_home")


def test_text_guides_alone_or_beside_the_sound(packs, inputs):
    pack = packs["paper-256"]
    alone = paper_recipe(
        "guidance.text=a burning house",
        "guidance.lambda_sound=0",
        "guidance.lambda_directional=0",
        "guidance.lambda_flow=0",
        "guidance.lambda_background=0",
        "guidance.lambda_range=0",
    )
    assert [w.term.name for w in guidance_terms(pack, inputs, alone)] == ["text"]
    step = last_step(pack, inputs, alone)
    assert set(step.diagnostics) == {"text"}
    other = override(alone, ["guidance.text=a frozen lake"])
    assert not torch.equal(step.x, last_step(pack, inputs, other).x)
    both = guidance_terms(
        pack, inputs, paper_recipe("guidance.text=fire", "guidance.lambda_text=300")
    )
    assert {w.term.name: w.weight for w in both}["text"] == 300
    assert {w.term.name: w.weight for w in both}["sound"] == 1000
    assert "text" not in {w.term.name for w in guidance_terms(pack, inputs, paper_recipe())}


def test_a_text_pulls_the_region_towards_itself(packs, inputs, monkeypatch):
    """One step along the gradient of L_text brings the region's embedding closer to the text."""
    pack = packs["paper-256"]
    settings = paper_recipe("guidance.text=fire", "guidance.augment.views=1")
    term = next(w.term for w in guidance_terms(pack, inputs, settings) if w.term.name == "text")
    joint = pack.joint
    images = (inputs.source * inputs.mask).requires_grad_()
    monkeypatch.setattr(term.embeddings, "_embed", lambda _: joint.embed_images(images)[None])

    class Context:
        def once(self, _, compute):
            return compute()

    loss = term(Context())
    target = joint.embed_text(["fire"])[0]
    assert torch.allclose(loss, 1 - joint.embed_images(images) @ target, atol=1e-6)
    (gradient,) = torch.autograd.grad(loss.sum(), images)
    moved = (images - 0.5 * gradient / gradient.flatten(1).norm(dim=1).view(-1, 1, 1, 1)).detach()
    assert ((joint.embed_images(moved) @ target) > 1 - loss).all()


def test_a_pack_without_a_text_tower_says_so(debug, inputs):
    with pytest.raises(ConfigError, match="understand none") as error:
        guidance_terms(debug, inputs, paper_recipe("guidance.text=fire"))
    assert "\n" not in str(error.value)
