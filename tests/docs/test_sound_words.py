"""The kinds and words that docs/sounds.md lists are those that --heard-as takes."""

import re

from soundini.editing.heard_as import SYNONYMS, class_of
from soundini.packs.loading import sound_classes

from .pages import ROOT


def test_the_page_lists_every_kind_with_words_for_it():
    page = (ROOT / "docs" / "sounds.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| ([\w, ]+) \|$", page, re.MULTILINE))
    classes = sound_classes("embedded")
    assert set(rows) == set(classes) == set(SYNONYMS)
    for name, words in rows.items():
        assert {class_of(word, classes) for word in words.split(",")} == {name}
