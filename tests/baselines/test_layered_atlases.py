import math

import pytest
import torch

import media_factory as make
from soundini.baselines.layered_atlases.clip_points import ClipPoints
from soundini.baselines.layered_atlases.fitting import (
    consistency,
    fit_layers,
    fit_terms,
    rigidity,
    sparsity,
)
from soundini.baselines.layered_atlases.networks import LayeredAtlases
from soundini.baselines.layered_atlases.picture import (
    AtlasPicture,
    Crop,
    Layout,
    crop_region,
    draw_picture,
    lay_edit,
    lay_out,
    reconstruct,
)
from soundini.config.recipe import LayeredAtlasesConfig
from soundini.flow.pairs import FlowPairs

FRAMES, HEIGHT, WIDTH = 5, 24, 32
MOTION = (1, 2)  # rows, columns
QUICK = LayeredAtlasesConfig(steps=150, points=300)


def constant_flow(frames=FRAMES, size=(HEIGHT, WIDTH), motion=MOTION):
    flow = torch.tensor([motion[1], motion[0]], dtype=torch.float32).view(1, 2, 1, 1)
    flow = flow.expand(frames - 1, 2, *size)
    seen = torch.ones(frames - 1, 1, *size)
    return FlowPairs(flow, -flow, seen, seen)


@pytest.fixture(scope="module")
def scene():
    """A texture that drifts past, cut out of a larger one, and a mask in the middle."""
    wide = torch.from_numpy(make.texture(HEIGHT + 8, WIDTH + 16)).permute(2, 0, 1) / 127.5 - 1
    cut = [
        wide[:, 4 - MOTION[0] * i + 0 : 4 - MOTION[0] * i + HEIGHT, 8 - 2 * i : 8 - 2 * i + WIDTH]
        for i in range(FRAMES)
    ]
    mask = torch.zeros(FRAMES, 1, HEIGHT, WIDTH)
    mask[..., 8:16, 10:22] = 1
    return torch.stack(cut), mask


@pytest.fixture(scope="module")
def points(scene):
    return ClipPoints(*scene, constant_flow())


def finish(fit):
    """Run a fit to its end: the steps' losses and the layers."""
    losses = []
    while True:
        try:
            losses.append(next(fit).losses)
        except StopIteration as end:
            return losses, end.value


@pytest.fixture(scope="module")
def fitted(points):
    return finish(fit_layers(points, QUICK, seed=3))


def neighbours(step, matrix):
    here = torch.rand(50, 2, generator=torch.Generator().manual_seed(0))
    moved = [here + step * torch.tensor(d) for d in ([0.0, 0.0], [1.0, 0.0], [0.0, 1.0])]
    return [m @ torch.tensor(matrix).T + 0.3 for m in moved]


@pytest.mark.parametrize("angle", [0.0, 0.7, math.pi])
@pytest.mark.parametrize("mirror", [1.0, -1.0])
def test_turning_mirroring_and_shifting_are_rigid(angle, mirror):
    c, s = math.cos(angle), math.sin(angle)
    matrix = [[c, -s * mirror], [s, c * mirror]]
    assert float(rigidity(*neighbours(0.1, matrix), 0.1)) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("matrix", [[[2.0, 0], [0, 2]], [[0.5, 0], [0, 0.5]], [[1.0, 0.5], [0, 1]]])
def test_scaling_and_shearing_are_not(matrix):
    assert float(rigidity(*neighbours(0.1, matrix), 0.1)) > 0.1


def test_a_plane_that_is_folded_onto_a_line_costs_a_lot_and_stays_finite():
    cost = rigidity(*neighbours(0.1, [[1.0, 0], [0, 0]]), 0.1)
    assert 100 < float(cost) < 1e6


def test_a_mapping_that_undoes_a_translation_agrees_with_the_flow(points):
    batch = points.draw(400, torch.Generator().manual_seed(0))
    shift = torch.tensor([MOTION[1], MOTION[0]]) * points.step / points.step_t

    def still(p):
        return p[:, :2] - shift * p[:, 2:]

    here, there = batch.at[:400], batch.moved
    assert float(consistency(still(here), still(there), batch.seen)) == pytest.approx(0, abs=1e-5)
    assert float(consistency(here[:, :2], there[:, :2], batch.seen)) > points.step


def test_what_leaves_the_window_or_is_hidden_does_not_count(scene):
    flow = constant_flow()
    hidden = FlowPairs(flow.flow_fwd, flow.flow_bwd, flow.visible_fwd * 0, flow.visible_bwd)
    batch = ClipPoints(*scene, hidden).draw(2000, torch.Generator().manual_seed(0))
    onward = batch.moved[:, 2] > batch.at[:2000, 2]
    first = batch.at[:2000, 2] == -1
    assert not batch.seen[onward].any()
    assert not batch.seen[first].any()
    assert batch.seen[~onward & ~first].all()
    assert float(consistency(batch.at[:2000], batch.moved, torch.zeros(2000, 1))) == 0


def test_points_show_what_lies_there(scene, points):
    source, mask = scene
    batch = points.draw(500, torch.Generator().manual_seed(1))
    column = (batch.at[:, 0] / points.step + (WIDTH - 1) / 2).round().long()
    row = (batch.at[:, 1] / points.step + (HEIGHT - 1) / 2).round().long()
    frame = (batch.at[:, 2] / points.step_t + (FRAMES - 1) / 2).round().long()
    assert torch.equal(batch.colours, source[frame, :, row, column])
    assert torch.equal(batch.mask, mask[frame, :, row, column])
    assert torch.equal(column[500:1000], column[:500] + 1)
    assert torch.equal(row[1000:], row[:500] + 1)


def test_an_empty_foreground_is_black():
    black, white = -torch.ones(4, 3), torch.ones(4, 3)
    assert float(sparsity(torch.zeros(4, 1), black)) == 0
    assert float(sparsity(torch.zeros(4, 1), white)) > 1
    assert float(sparsity(torch.ones(4, 1), white)) == 0


def test_mappings_start_from_the_identity_and_alpha_from_a_half(points):
    layers, grid = LayeredAtlases(0), points.grid(2)
    for mapping in (layers.foreground_mapping, layers.background_mapping):
        assert torch.equal(mapping(grid), grid[:, :2])
    assert (layers.alpha(grid) == 0.5).all()


def test_a_translating_clip_is_rebuilt(scene, points, fitted):
    _, layers = fitted
    layout = lay_out(layers, points)
    rebuilt = reconstruct(layers, layout)
    error = (rebuilt - scene[0]).square().mean() / 4
    assert -10 * math.log10(error) > 35
    assert ((layout.alpha >= 0) & (layout.alpha <= 1)).all()
    assert layout.alpha[scene[1][:, 0] > 0].mean() > layout.alpha[scene[1][:, 0] == 0].mean()


def test_the_fit_finds_the_motion(points, fitted):
    """What the flow carries on lies where it lay on the picture, to a fraction of the motion."""
    layout = lay_out(fitted[1], points)
    shown = torch.where(layout.alpha[..., None] > 0.5, layout.foreground, layout.background)
    drift = shown[3, 12:16, 16:22] - shown[2, 11:15, 14:20]
    assert float(drift.norm(dim=-1).mean()) < 0.1 * math.hypot(*MOTION) * points.step


def test_the_same_seed_gives_the_same_layers_and_no_global_state_is_touched(points):
    before, few = torch.get_rng_state(), LayeredAtlasesConfig(steps=15, points=300)
    (_, once), (_, again) = (finish(fit_layers(points, few, seed=3)) for _ in range(2))
    assert torch.equal(before, torch.get_rng_state())
    for one, two in zip(once.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, two)
    other = LayeredAtlases(4)
    assert not torch.equal(
        other.foreground.encode.grids[0], LayeredAtlases(3).foreground.encode.grids[0]
    )


def test_every_term_reaches_what_it_is_for(points):
    layers = LayeredAtlases(0)
    terms = fit_terms(layers, points.draw(200, torch.Generator().manual_seed(0)), points.step)
    parts = {
        "colour": layers.background.paint,
        "edges": layers.foreground.paint,
        "rigidity": layers.background_mapping,
        "flow": layers.foreground_mapping,
        "alpha": layers.alpha,
        "sparsity": layers.foreground.paint,
        "mask": layers.alpha,
    }
    assert set(parts) == set(terms)
    for name, part in parts.items():
        grads = torch.autograd.grad(
            terms[name], list(part.parameters()), retain_graph=True, allow_unused=True
        )
        assert any(g is not None and torch.isfinite(g).all() for g in grads), name


@pytest.fixture
def drifting(points):
    """The true layers of the scene: everything is in the foreground's left or the background's right, and drifts."""
    shift = torch.tensor([MOTION[1], MOTION[0]]) * points.step / points.step_t
    at = torch.stack(
        [
            (g[:, :2] - shift * g[:, 2:]).view(HEIGHT, WIDTH, 2)
            for g in map(points.grid, range(FRAMES))
        ]
    )
    alpha = (torch.arange(WIDTH) < WIDTH // 2).float().expand(FRAMES, HEIGHT, WIDTH)
    return Layout(at, at, alpha, points.step)


def drawn_whole(points, picture):
    crop = Crop((0.0, 0.0), points.step, (HEIGHT, WIDTH))
    return AtlasPicture(crop, picture, torch.ones(1, 1, HEIGHT, WIDTH))


def test_an_edit_goes_where_the_scene_goes_in_both_layers(scene, points, drifting):
    """A strong edit covers all: the picture is seen, moved by the scene's motion, and nothing of the frame."""
    frames, middle = scene[0], FRAMES // 2
    noise = torch.rand(1, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))
    drawn = drawn_whole(points, noise - 0.5)
    edited = drawn.picture + torch.where(noise > 0.5, 1.0, -1.0)
    shown = frames + lay_edit(drawn, edited, frames, drifting)
    assert torch.allclose(shown[middle], edited[0], atol=1e-4)
    assert torch.allclose(shown[middle + 1][:, 1:, 2:], edited[0, :, :-1, :-2], atol=1e-4)


def test_no_edit_changes_nothing_and_a_weak_one_keeps_the_frames_detail(scene, points, drifting):
    frames = scene[0]
    drawn = drawn_whole(points, torch.zeros(1, 3, HEIGHT, WIDTH))
    assert not lay_edit(drawn, drawn.picture, frames, drifting).any()
    middle = FRAMES // 2
    weak, strong = (
        frames + lay_edit(drawn, drawn.picture + change, frames, drifting) for change in (0.01, 0.5)
    )
    assert torch.allclose(weak[middle], 0.01 + 0.96 * frames[middle], atol=1e-4)
    assert torch.allclose(strong[middle], torch.full((3, HEIGHT, WIDTH), 0.5), atol=1e-4)


def test_the_crop_holds_all_that_the_mask_shows_and_so_does_its_mask(scene, points, drifting):
    mask = scene[1]
    crop = crop_region(drifting, mask, (HEIGHT, WIDTH), 0.05)
    _, inside = crop.numbers(drifting.foreground[mask[:, 0] > 0])
    assert inside.all()
    drawn = draw_picture(LayeredAtlases(0), drifting, mask, crop)
    assert drawn.picture.shape == (1, 3, HEIGHT, WIDTH)
    still = AtlasPicture(crop, torch.zeros(1, 3, HEIGHT, WIDTH), drawn.mask)
    edited = drawn.mask.expand(-1, 3, -1, -1)
    back = lay_edit(still, edited, torch.zeros_like(scene[0]), drifting)
    assert (back[:, :1][mask > 0] > 0.99).all()
    assert float(drawn.mask.mean()) < 0.9


def test_a_picture_shows_the_layer_that_is_seen(points, drifting):
    layers = LayeredAtlases(0)
    crop = Crop((0.0, 0.0), points.step, (HEIGHT, WIDTH))
    shown = draw_picture(layers, drifting, torch.ones(FRAMES, 1, HEIGHT, WIDTH), crop).picture
    where = crop.positions()
    left, right = (
        net(where).T.view(3, HEIGHT, WIDTH) for net in (layers.foreground, layers.background)
    )
    assert torch.allclose(shown[0, :, :, :8], left[:, :, :8], atol=1e-5)
    assert torch.allclose(shown[0, :, :, -8:], right[:, :, -8:], atol=1e-5)
