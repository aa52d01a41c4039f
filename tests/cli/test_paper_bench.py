"""``bench/paper_edit.py`` runs and writes its page, here with tiny networks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import paper_factory

pytest.importorskip("open_clip")

BENCH = Path(__file__).parents[2] / "bench" / "paper_edit.py"


@pytest.mark.long
def test_the_page_is_written(tmp_path, home):
    # without RAFT, which takes minutes of small frames too
    published = paper_factory.write_published(tmp_path / "published", "raft_large")
    paper_factory.import_tiny(published, home)
    page, notes = tmp_path / "page.md", tmp_path / "notes.jsonl"
    command = [sys.executable, str(BENCH), "--home", str(home), "--packs", "paper-256"]
    command += ["--side", "64", "--steps", "1", "--device", "cpu", "--square"]
    command += ["--output", str(page), "--notes", str(notes)]
    subprocess.run(command, check=True, env=os.environ, timeout=500)
    lines = page.read_text().splitlines()
    rows = [line for line in lines if line.startswith("| `paper-256`")]
    assert [row.split("|")[2:4] for row in rows] == [
        [" `float32` ", " 64x16 "],
        [" `bfloat16` ", " 64x16 "],
        [" `float32` ", " 64x64 "],
    ]
    assert any(line.startswith("The highest of these peaks is under 12 GiB.") for line in lines)
    assert len(notes.read_text().splitlines()) == 5  # two rates and three edits
