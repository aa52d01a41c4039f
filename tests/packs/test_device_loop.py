"""The loop of a window on a device that holds no data.

A tensor left on the CPU, or a value read back from the device, is an error on ``meta``: what runs
there runs on a GPU without a stray tensor and without waiting for it.
"""

from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from soundini.config.presets import load_preset, override
from soundini.editing import window
from soundini.editing.window import WindowInputs, sample_window
from soundini.flow.pairs import FlowPairs
from soundini.flow.raft import RAFTFlow
from soundini.guidance import sound
from soundini.joint.protocol import JointSpace
from soundini.packs.debug import debug_pack
from soundini.perceptual.taps import TapDistance

SIZE = 32


class _Distance(TapDistance):
    """A perceptual distance without weights."""

    name = "one convolution"

    def __init__(self, device="meta"):
        super().__init__([torch.ones(1, 3, 1, 1, device=device)], scales=(1.0,))
        self.conv = torch.nn.Conv2d(3, 3, 3, device=device).requires_grad_(False)

    def features(self, x):
        return [self.conv(x)]


class _Flow:
    """A differentiable estimator without weights."""

    name, differentiable = "difference", True

    def __call__(self, a, b):
        return (a - b)[:, :2]


def _on(device):
    frames = torch.zeros(3, 3, SIZE, SIZE, device=device)
    flow = torch.zeros(2, 2, SIZE, SIZE, device=device)
    seen = torch.ones(2, 1, SIZE, SIZE, device=device)
    return WindowInputs(
        indices=(0, 1, 2),
        source=frames,
        mask=frames[:, :1],
        sound_embeds=torch.zeros(3, 32, device=device),
        strength=torch.tensor([0.2, 0.6, 1.0]),
        pairs=FlowPairs(flow, flow, seen, seen),
    )


@pytest.fixture
def pack(monkeypatch):
    # where the mask lies is asked once a window, before the loop
    monkeypatch.setattr(sound, "mask_region", lambda _: (4.0, 4.0, 28.0, 28.0))
    monkeypatch.setattr(window, "load_perceptual", lambda *_: _Distance())
    return replace(debug_pack("meta"), flow=_Flow())


@pytest.mark.parametrize(
    ("preset", "method", "noise"),
    [
        ("fast", "ddim", "shared"),
        ("quality", "dpmpp_2m", "warped"),
        ("paper", "ddpm", "evolving"),
    ],
)
def test_the_loop_stays_on_the_device(pack, preset, noise, method):
    recipe = override(
        load_preset(preset),
        [
            "sampling.steps=3",
            f"sampling.method={method}",
            f"sampling.noise={noise}",
            "sampling.eta=0.5",
            "guidance.lambda_background=1",
            "compute.checkpoint=true",
            "compute.chunk=2",
        ],
    )
    steps = list(sample_window(pack, _on("meta"), recipe))
    assert len(steps) >= 3
    for step in steps:
        tensors = (step.x, step.pred_xstart, *step.diagnostics.values())
        assert {t.device.type for t in tensors} == {"meta"}
    guided = set().union(*(step.diagnostics for step in steps))
    assert guided == {"sound", "directional", "flow", "background", "range"}


class _Copies(TorchDispatchMode):
    """Fails where something is copied to the device in a way that waits for a GPU."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func is torch.ops.aten._to_copy.default and args[0].ndim:
            ends = {args[0].device.type, torch.device(kwargs.get("device") or args[0].device).type}
            assert len(ends) == 1 or kwargs.get("non_blocking"), "a copy waits for the device"
        return func(*args, **kwargs)


def test_no_copy_of_a_step_waits_for_the_device(pack):
    """Once the loop runs, with RAFT."""
    recipe = override(load_preset("paper"), ["sampling.steps=3"])
    there = replace(pack, flow=RAFTFlow.random(iterations=1).to("meta"))
    steps = sample_window(there, _on("meta"), recipe)
    next(steps)
    with _Copies():
        assert len(list(steps)) >= 2


class _WaitingFlow(_Flow):
    def __call__(self, a, b):
        return super().__call__(a, b) * float(a.mean())


def test_meta_notices_a_value_that_is_read_back(pack):
    """The test above would fail if the loop waited for the device."""
    recipe = override(load_preset("paper"), ["sampling.steps=1"])
    with pytest.raises((RuntimeError, NotImplementedError), match="meta"):
        list(sample_window(replace(pack, flow=_WaitingFlow()), _on("meta"), recipe))


def test_sound_may_come_from_another_device(monkeypatch):
    """Sound is read on the CPU; towers may lie elsewhere, and the targets come back."""
    joint = debug_pack("meta").joint
    assert isinstance(joint, JointSpace)
    seen = []
    forward = joint.sound_network.forward
    monkeypatch.setattr(
        joint.sound_network, "forward", lambda x: seen.append(x.device.type) or forward(x)
    )
    with pytest.raises(NotImplementedError, match="meta"):  # targets cannot leave this device
        joint.embed_sound(torch.zeros(44_100), torch.tensor([0.5]))
    assert seen == ["meta"]


@pytest.mark.gpu
def test_the_loop_never_waits_for_a_gpu(gpu, monkeypatch):
    """CUDA's own account of synchronisation, over the later steps of a window."""
    monkeypatch.setattr(window, "load_perceptual", lambda *_: _Distance(gpu))
    pack = replace(debug_pack(gpu), flow=RAFTFlow.random().to(gpu))
    recipe = override(load_preset("paper"), ["sampling.steps=3", "compute.checkpoint=true"])
    steps = sample_window(pack, _on(gpu), recipe)
    next(steps)
    with _waiting_is_an_error(gpu):
        assert next(steps).x.device.type == gpu.type
        assert next(steps).x.device.type == gpu.type


@contextmanager
def _waiting_is_an_error(device):
    if device.type != "cuda":
        yield
        return
    try:
        torch.cuda.set_sync_debug_mode("error")
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")
