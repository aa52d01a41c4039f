"""What is chosen from the memory that a device has, and what that choice is made of."""

import pytest
import torch

from paper_factory import paper_recipe
from soundini.config.recipe import ComputeConfig
from soundini.editing import fitting
from soundini.editing.fitting import Footprint, fit_to_device, footprint, free_bytes
from soundini.packs.paper import load_paper_pack

pytest.importorskip("open_clip")

AUTO = ("compute.chunk=auto", "compute.checkpoint=auto", "compute.offload=auto")
SIZE = (32, 32)


@pytest.fixture(scope="module")
def taken(packs):
    return footprint(packs["paper-256"], paper_recipe(), SIZE)


@pytest.fixture
def fit(packs, taken, monkeypatch):
    """What is chosen with so many bytes free; what a step holds is counted once."""
    monkeypatch.setattr(fitting, "footprint", lambda *_: taken)

    def choose(free, *settings):
        monkeypatch.setattr(fitting, "free_bytes", lambda _: free)
        recipe = fit_to_device(packs["paper-256"], paper_recipe(*AUTO, *settings), SIZE)
        return recipe.compute.chunk, recipe.compute.checkpoint, recipe.compute.offload

    return choose


def test_the_less_memory_the_leaner(fit, taken):
    least = taken.need(14, ComputeConfig(chunk=1, checkpoint=True), exact=True)
    found, free = [], 2 * taken.need(14, ComputeConfig(), exact=True)
    while free > least:
        found.append(fit(free))
        free = int(free * 0.97)
    order = list(dict.fromkeys(found))
    assert order[0] == (0, False, False)
    assert order[-1] == (1, True, True)
    assert len(order) > 3
    asked = ComputeConfig(chunk="auto", checkpoint="auto", offload="auto")
    ways = [(w.chunk, w.checkpoint, w.offload) for w in fitting._ways(asked, 14)]
    places = [ways.index(way) for way in order]
    assert places == sorted(places)


def test_what_is_named_stays(packs, fit):
    assert fit(0, "compute.chunk=3") == (3, True, True)
    assert fit(0, "compute.checkpoint=false") == (1, False, True)
    assert fit(10**12, "compute.checkpoint=true") == (0, True, False)
    recipe = paper_recipe("compute.chunk=2")
    assert fit_to_device(packs["paper-256"], recipe, SIZE) is recipe


def test_a_given_memory_is_kept_to(fit):
    assert fit(10**12, "compute.memory=1MB") == (1, True, True)


def test_without_a_gradient_through_the_network_nothing_of_it_is_kept(taken):
    lean = ComputeConfig(chunk=1, checkpoint=True)
    assert taken.need(14, lean, exact=False) < taken.need(14, lean, exact=True)
    assert taken.network > taken.network_recomputed > taken.working > 0


def test_the_network_is_counted_as_it_keeps(packs):
    """Against what autograd keeps of a real pass."""
    denoiser = packs["paper-256"].denoiser
    kept, weights = {}, {p.untyped_storage()._cdata for p in denoiser.parameters()}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage._cdata not in weights:
            kept[storage._cdata] = storage
        return tensor

    x = torch.zeros(1, 3, *SIZE).requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        denoiser.output(x, 5)
    real = sum(storage.nbytes() for storage in kept.values())
    counted, _ = fitting._network_bytes(denoiser, SIZE, recompute=False)
    assert 0.7 * real < counted < 1.3 * real


def test_a_labelled_network_is_counted_too(packs):
    assert footprint(packs["paper-512"], paper_recipe(), SIZE).network > 0


def test_losses_cost_more_with_more_views(packs, taken):
    more = footprint(packs["paper-256"], paper_recipe("guidance.augment.views=6"), SIZE)
    assert more.losses > taken.losses
    assert more.network == taken.network
    assert taken.losses_recomputed < taken.losses  # RAFT's rounds are not kept


def test_counting_leaves_the_random_state_and_the_switches_alone(packs):
    before = torch.get_rng_state()
    footprint(packs["paper-256"], paper_recipe(), SIZE)
    assert torch.equal(torch.get_rng_state(), before)
    assert not packs["paper-256"].denoiser.unet.is_gradient_checkpointing


def test_offload_makes_room_for_what_it_parks():
    taken = Footprint(10, 5, 2, 1, 1, 7)
    apart = [taken.need(2, ComputeConfig(offload=on), exact=True) for on in (False, True)]
    assert apart[0] - apart[1] == 7


def test_some_memory_is_free():
    assert free_bytes(torch.device("cpu")) > 2**20


@pytest.mark.gpu
def test_what_is_counted_is_what_a_gpu_holds(home, gpu):
    """And a pack's U-Net lies in half precision there, and computes what it does in float32."""
    exact = load_paper_pack("paper-256", device=gpu, home=home).denoiser
    pack = load_paper_pack("paper-256", device=gpu, dtype=torch.bfloat16, home=home)
    x = torch.randn(4, 3, 256, 256, generator=torch.Generator().manual_seed(0)).to(gpu)
    with torch.no_grad():
        expected = exact.output(x, 300)
        apart = (pack.denoiser.output(x, 300) - expected).square().mean().sqrt()
    assert apart < 0.05 * expected.std()
    assert free_bytes(gpu) > 2**20
    counted, _ = fitting._network_bytes(pack.denoiser, (256, 256), recompute=False)
    if gpu.type != "cuda":
        pytest.skip("only CUDA says what it holds")
    assert {p.dtype for p in pack.denoiser.unet.parameters()} == {torch.bfloat16}
    x.requires_grad_()
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    out = pack.denoiser.output(x, 300)
    held = (torch.cuda.memory_allocated() - before) / len(x)
    assert out.requires_grad
    assert 0.5 * held < counted < 2 * held
