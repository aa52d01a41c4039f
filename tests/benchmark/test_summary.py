import math
from pathlib import Path

import pytest

from soundini.benchmark.jobs import Result
from soundini.benchmark.notes import conclusion, notes
from soundini.benchmark.pictures import png_of, sweep_curve, sweep_figure
from soundini.benchmark.suite import Suite
from soundini.benchmark.summary import Cell, Summary, mean_of, summarise
from soundini.evaluation.measures import EditMeasures
from soundini.events import SeamFigures, TemporalFigures


def result(
    variant, *, perceptual="lpips-vgg16", turn=(), memory=2**30, motion=0.01, joint=0.5, seams=None
):
    figures = TemporalFigures(0.01, motion * 2, 3)
    return Result(
        clip="clip",
        sound="fire",
        variant=variant,
        seconds=1.0,
        evaluations=10,
        memory=memory,
        device_memory=None,
        seams=seams,
        measures=EditMeasures(
            sound="fire",
            region=figures,
            whole=figures,
            motion=motion,
            similarity=(0.9, 0.8),
            psnr_outside=math.inf,
            ssim_outside=1.0,
            perceptual=perceptual,
            perceptual_outside=0.2 if variant == "ours" else 0.3,
            loudness=[0.1, 0.5, 0.9],
            change=[0.1, 0.2, 0.3],
            before=[0.1, None, 0.3],
            after=[0.5, None, 0.7],
            turn=list(turn),
            joint_score=(0.1, joint),
        ),
        folder=Path(variant),
    )


SUITE = Suite.model_validate(
    {
        "clips": [{"clip": "clip.mp4", "box": "0,0,1,1"}],
        "sounds": {"fire": "fire.wav"},
        "variants": {"ours": [], "kept": ["guidance.lambda_background=1"]},
    }
)


def test_figures_survive_being_kept():
    measures = result("ours", turn=[-0.5, None, 0.5]).measures
    assert EditMeasures.of_record(measures.record()) == measures


def test_a_distance_bears_the_name_of_its_network_and_empty_columns_are_left_out():
    table = summarise([result("ours"), result("other")])
    assert "LPIPS outside" in table.titles
    for absent in ("ImageNet distance outside", "follows the turn", "PSNR outside, dB"):
        assert absent not in table.titles
    column = table.titles.index("LPIPS outside")
    assert [cells[column].text for cells in table.rows.values()] == ["0.2000", "0.3000"]
    assert [cells[column].best for cells in table.rows.values()] == [True, False]
    other = summarise([result("ours", perceptual="imagenet-efficientnet-lite0")])
    assert "ImageNet distance outside" in other.titles
    assert "LPIPS outside" not in other.titles
    assert all(len(cells) == len(table.titles) for cells in table.rows.values())


@pytest.mark.parametrize(("turn", "follows"), [((-0.5, 0.1, 0.6), 1), ((0.6, 0.1, -0.5), -1)])
def test_a_turn_is_followed_in_its_direction(turn, follows):
    assert result("ours", turn=turn).measures.follows_turn == pytest.approx(follows)
    assert result("ours", turn=(turn[0], None, turn[2])).measures.follows_turn == follows


def test_seams_are_shown_where_an_edit_has_a_border_and_are_no_contest():
    assert "seam" not in summarise([result("ours"), result("kept")]).titles
    results = [
        result("ours", seams=SeamFigures(3.0, 2.0, 4)),
        result("ours", seams=SeamFigures(1.0, 2.0, 4)),
        result("kept", seams=SeamFigures(5.0, 2.0, 4)),
        result("still"),
    ]
    table = summarise(results)
    column = table.titles.index("seam")
    cells = {variant: cells[column] for variant, cells in table.rows.items()}
    assert cells["ours"].mean == pytest.approx(1.0)
    assert [cells[name].text for name in ("kept", "still")] == ["2.50", "none"]
    assert not any(cell.best for cell in cells.values())
    (said,) = [note for note in notes(SUITE, results) if "seam" in note]
    assert "in grey levels: ours 2.00 and 2.00, kept 5.00 and 2.00." in said
    assert not [note for note in notes(SUITE, [result("ours")]) if "seam" in note]


def test_the_joint_score_is_in_no_table():
    results = [result("ours", joint=0.7), result("kept", joint=0.6)]
    assert not any("joint" in title for title in summarise(results).titles)
    said = notes(SUITE, results)
    assert "no comparison" in said[-1]
    assert said[-1].endswith("source 0.100, ours 0.700, kept 0.600.")


def test_what_guided_the_background_and_what_is_not_measured_is_told():
    told = " ".join(notes(SUITE, [result("ours", memory=None)]))
    assert "L_back guided what is outside in kept by" in told
    assert "There is no peak memory" in told
    assert "Peak memory is what the process held" in " ".join(notes(SUITE, [result("ours")]))


def test_the_curve_has_a_point_for_each_value_that_is_done():
    results = [
        result("still", motion=0.0),
        result("ours", motion=0.02),
        result("ours", motion=0.04),
    ]
    values = [(80.0, "still"), (20.0, "ours"), (0.0, "never")]
    curve = sweep_curve("guidance.lambda_flow", values, results)
    assert [(p.value, p.motion) for p in curve.points] == [(80, 0), (20, pytest.approx(3))]
    assert curve.points[1].error == pytest.approx(0.06)
    assert curve.source == mean_of(results, "warp_source") == pytest.approx(0.01)
    assert sweep_curve("guidance.lambda_flow", values[2:], results) is None
    assert png_of(sweep_figure(curve)) == png_of(sweep_figure(curve))


def test_a_conclusion_names_what_differs_and_what_is_cheapest():
    titles = ["rise of the judge's probability", "warp error, region", "seconds a job"]
    rows = {"ours": (0.9, 0.1, 20.0), "quick": (0.89, 0.12, 5.0), "worse": (0.4, 0.05, 1.0)}
    said = conclusion(
        Summary(titles, {n: [Cell(value) for value in row] for n, row in rows.items()})
    )
    assert "1 of 2 others are within 0.02" in said
    assert "worse (0.40)" in said
    assert "least in worse (0.050) and most in quick (0.120)" in said
    assert "quick takes the least time: 5 s a job, ours 20 s" in said


def test_one_variant_has_no_conclusion():
    assert conclusion(Summary(["rise of the judge's probability"], {"ours": [Cell(0.9)]})) == ""


def test_methods_without_a_draft_are_told_from_those_with_one():
    said = "ours begins at a rendered draft"
    described = SUITE.model_dump() | {"variants": {"ours": [], "vqgan": ["method=vqgan-clip"]}}
    beside = Suite.model_validate(described)
    assert said in " ".join(notes(beside, [result("ours")]))
    assert said not in " ".join(notes(SUITE, [result("ours")]))
