"""What is trained on, judged by and held out must not share a recording or a film."""

from collections import Counter

from soundini.training.split import IMAGE_SHARES, SOUND_SHARES, group_of, sides


def rows(label, count, **more):
    return [
        {"path": f"{label}/{n:05d}.jpg", "label": label, "source": "s", **more}
        for n in range(count)
    ]


def test_neighbours_stay_together_and_shares_hold():
    manifest = rows("fire", 800) + rows("sea", 400)
    dealt = sides(manifest, IMAGE_SHARES)
    by_group = {}
    for row, side in zip(manifest, dealt, strict=True):
        by_group.setdefault(group_of(row), set()).add(side)
    assert all(len(found) == 1 for found in by_group.values())
    assert Counter(dealt) == {"train": 816, "judge": 240, "held_out": 144}


def test_takes_of_a_recording_stay_together():
    takes = [{"path": f"{t}.ogg", "label": "fire", "original": f"x/1-17150-{t}.ogg"} for t in "ABC"]
    assert len({group_of(row) for row in takes}) == 1
    assert group_of(takes[0]) != group_of({**takes[0], "original": "x/1-17151-A.ogg"})


def test_a_group_column_says_it_all():
    assert group_of({"path": "a/1.jpg", "label": "fire", "group": "film 3"}) == "film 3"


def test_small_labels_have_something_held_out():
    manifest = [
        {"path": f"{n}.ogg", "label": "fire", "original": f"{n}-1-A.ogg"} for n in range(16)
    ]
    assert Counter(sides(manifest, SOUND_SHARES))["held_out"] == 2


def test_a_side_does_not_depend_on_the_order_of_rows():
    manifest = rows("fire", 200)
    forward = dict(zip([r["path"] for r in manifest], sides(manifest, IMAGE_SHARES), strict=True))
    back = manifest[::-1]
    assert forward == dict(zip([r["path"] for r in back], sides(back, IMAGE_SHARES), strict=True))
