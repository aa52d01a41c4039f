"""Measure the page: what it weighs, how soon it is there, how soon a first frame is seen, what it costs when nothing happens.

    python bench/web.py [--idle 30] [--output docs/bench-web.md]

Needs chromium and Playwright (extra [test]). The clip is made here; a preset and a clip of a usual size, models that come along.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from measuring import machine, write_clip
from playwright.sync_api import Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
SHOWN = """known => {
    const shown = document.querySelector('.screen .of-edit');
    return Boolean(shown) && shown.currentSrc !== known && shown.readyState >= 2;
}"""
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Figures:
    """Seconds, bytes, and shares of a core."""

    started: float
    painted: float
    opened: float
    requests: int
    weight: int
    preview: float
    worked: float
    again: float
    example: float
    idle_server: float
    idle_browser: float


@contextmanager
def server(folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """``soundini web`` with a folder of its own."""
    command = [sys.executable, "-m", "soundini", "web", "--no-browser", "--port", "0"]
    command += ["--folder", str(folder / "web")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            said = process.stdout.readline()
            yield next(word for word in said.split() if word.startswith("http://")), process
        finally:
            process.terminate()
            process.wait(60)


def processor_seconds(pid: int) -> float:
    """What a process and its children have taken."""
    spent = 0.0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if pid in (int(folder.name), int(fields[1])):
            spent += (int(fields[11]) + int(fields[12])) / TICKS
    return spent


def prepare(page: Page, clip: Path) -> None:
    """A visitor brings a clip, takes its own sound, and paints a stroke."""
    with page.expect_file_chooser() as chooser:
        page.locator(".drop-here").click()
    chooser.value.set_files(clip)
    page.locator(".stage img[alt='Frame 0 of the video']").wait_for()
    page.get_by_role("button", name="Video's own", exact=True).click()
    page.locator(".wave .peaks").wait_for(state="attached")
    canvas = page.locator(".stage .above")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.5 * box["height"], steps=5)
    page.mouse.up()
    page.locator(".price").get_by_text("about").wait_for()  # the models are loaded and timed


def preview(page: Page) -> float:
    """Seconds from a click on *Preview a frame* to the picture of the edit."""
    known = page.evaluate("document.querySelector('.screen .of-edit')?.currentSrc ?? ''")
    began = time.perf_counter()
    page.get_by_role("button", name="Preview a frame", exact=True).click()
    while not page.evaluate(SHOWN, known):  # the page's policy lets nothing wait inside it
        page.wait_for_timeout(20)
    return time.perf_counter() - began


def example(page: Page) -> float:
    """Seconds from a click on an example to the finished preview of its frame."""
    began = time.perf_counter()
    page.get_by_role("button", name="fire", exact=True).click()
    page.locator(".screen .of-edit").wait_for()
    while not page.evaluate(SHOWN, ""):
        page.wait_for_timeout(20)
    return time.perf_counter() - began


def first_paint(page: Page) -> float:
    """Seconds from the navigation to the first contentful paint."""
    entry = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
    while not (painted := page.evaluate(entry)):
        page.wait_for_timeout(20)
    return painted / 1000


def measure(idle: float) -> Figures:
    """One visit."""
    chromium = next(filter(None, map(shutil.which, NAMES)), None)
    if chromium is None:
        raise SystemExit("there is no chromium; on Debian: apt-get install chromium")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        write_clip(folder / "clip.mp4", 48)
        began = time.perf_counter()
        with server(folder) as (address, process):
            started = time.perf_counter() - began
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_page()
            page.set_default_timeout(300_000)
            sizes: list[int] = []
            network = page.context.new_cdp_session(page)
            network.send("Network.enable")
            network.on("Network.loadingFinished", lambda e: sizes.append(e["encodedDataLength"]))
            began = time.perf_counter()
            page.goto(address)
            page.locator(".drop-here").wait_for()
            opened = time.perf_counter() - began
            painted = first_paint(page)
            page.wait_for_load_state("load")
            requests, weight = len(sizes), int(sum(sizes))
            prepare(page, folder / "clip.mp4")
            spent = processor_seconds(process.pid)
            seen = preview(page)
            worked = processor_seconds(process.pid) - spent
            page.wait_for_timeout(3000)
            again = preview(page)
            other = browser.new_context().new_page()
            other.set_default_timeout(300_000)
            other.goto(address)
            tried = example(other)
            other.context.close()
            page.wait_for_timeout(5000)
            before = processor_seconds(process.pid), _chromium()
            page.wait_for_timeout(1000 * idle)
            after = processor_seconds(process.pid), _chromium()
            browser.close()
        shares = [(b - a) / idle for a, b in zip(before, after, strict=True)]
    return Figures(started, painted, opened, requests, weight, seen, worked, again, tried, *shares)


def _chromium() -> float:
    """Processor seconds of all processes of the browser that this one started."""
    spent = 0.0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if "chromium" in (folder / "comm").read_text():
                spent += sum(
                    map(int, (folder / "stat").read_text().rpartition(")")[2].split()[11:13])
                )
        except OSError:
            continue
    return spent / TICKS


def report(figures: Figures, idle: float) -> str:
    """The page."""
    return f"""# What the page costs

Written by `python bench/web.py`: `soundini web` and Debian's Chromium on one machine, a clip of 48 frames of
426x240 with its own sound, preset `fast`, embedded models, one stroke painted.

| | |
|---|---:|
| from the command to the address | {figures.started:.1f} s |
| from there to the first paint | {figures.painted:.2f} s |
| from there to the page, with all that can be clicked | {figures.opened:.2f} s |
| first visit: requests, bytes over the wire | {figures.requests}, {figures.weight / 1e3:.0f} kB |
| from *Preview a frame*, once its price is known, to its picture, the first time | {figures.preview:.1f} s |
| processor time of the server meanwhile, which other work does not lengthen | {figures.worked:.1f} s |
| the next time | {figures.again:.1f} s |
| from a click on an example to its picture, in a new session | {figures.example:.1f} s |
| server, idle with the page open, over {idle:.0f} s | {figures.idle_server:.1%} of a core |
| all of Chromium meanwhile | {figures.idle_browser:.1%} of a core |

Machine: {machine()}.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--idle", type=float, default=30.0)
    parser.add_argument("--output", type=Path, default=Path("docs/bench-web.md"))
    options = parser.parse_args()
    figures = measure(options.idle)
    print(figures)
    options.output.write_text(report(figures, options.idle))


if __name__ == "__main__":
    main()
