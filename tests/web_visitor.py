"""Somebody who edits a video on the page: with a mouse, a keyboard, and no idea of what lies behind it."""

from __future__ import annotations

import time
from pathlib import Path

from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

LONG = 400_000
"""Milliseconds that an edit may take on a busy machine."""
QUICK = ("region.size=32", "window.frames=12", "guidance.gradient=fast")
PLAYABLE = """[...document.querySelectorAll('.screen video')].length === 2
    && [...document.querySelectorAll('.screen video')].every(v => v.readyState >= 2 && v.error === null)"""

STROKE = ((0.4, 0.5), (0.5, 0.55), (0.6, 0.5))
BEYOND = """() => [...document.querySelectorAll("#page *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1
    && e.checkVisibility() && !e.closest(".ribbon, .sounding")).map(e => e.outerHTML.slice(0, 100))"""


class Visitor:
    """A browser of their own at the page; what goes wrong there is kept, and clicks are counted.

    Args:
        browser: Playwright's.
        address: of the server.
        options: of the browser's context, such as ``viewport`` or ``locale``.
    """

    def __init__(self, browser, address: str, **options) -> None:
        options.setdefault("locale", "en-US")
        self.context = browser.new_context(accept_downloads=True, **options)
        self.address = address
        self.trouble: list[str] = []
        self.clicks = 0
        self.page = self.tab()

    def tab(self):
        """Another tab of the same browser."""
        page = self.context.new_page()
        page.set_default_timeout(120_000)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.trouble.append(str(error)))
        page.on("request", self._asked)
        page.on("dialog", self._alerted)
        return page

    def _said(self, message) -> None:
        if message.type in ("error", "warning"):
            self.trouble.append(message.text)

    def _asked(self, request) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.trouble.append(request.url)

    def _alerted(self, dialog) -> None:
        self.trouble.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def open(self, path: str = "") -> Visitor:
        self.page.goto(self.address + path)
        self.page.locator(".runbar").wait_for()
        return self

    def until(self, expression: str, timeout: float = LONG) -> None:
        """Wait for something of the page; the page's own policy lets no text be evaluated in it, so it is asked from outside."""
        end = time.monotonic() + timeout / 1000
        while not self.page.evaluate(expression):
            if time.monotonic() > end:
                raise AssertionError(f"never true: {expression}")
            self.page.wait_for_timeout(50)

    def click(self, name: str, within: str = "body") -> None:
        self.page.locator(within).get_by_role("button", name=name, exact=True).first.click()
        self.clicks += 1

    def run(self, which: str) -> None:
        """Press a button of the run bar: ``frame``, ``eight`` or ``all``."""
        place = ("frame", "eight", "all").index(which)
        self.page.locator(".runs button").nth(place).click()
        self.clicks += 1

    def choose(self, kind: str, path: Path) -> None:
        """Click where a file is chosen, and choose one."""
        place = {
            "video": ".drop-here, .pill[data-kind=video] .pill-main",
            "recipe": ".top nav .link",
        }
        selector = place.get(kind, f".pill[data-kind={kind}] .pill-main")
        self.click_for_file(selector, path)
        self.clicks += 1

    def click_for_file(self, selector: str, path: Path, tries: int = 3) -> None:
        """Click, and again if nothing opens: the page may draw the button anew between press and release."""
        try:
            with self.page.expect_file_chooser(timeout=20_000) as chooser:
                self.page.locator(selector).locator("visible=true").first.click()
            chooser.value.set_files(path)
        except PlaywrightTimeoutError:
            if tries == 1:
                raise
            self.click_for_file(selector, path, tries - 1)

    def drop(self, path: Path) -> None:
        """Drop a file on the empty part of the page."""
        kind = "audio/wav" if path.suffix == ".wav" else "video/mp4"
        dropped = self.page.evaluate_handle(
            """([bytes, name, type]) => { const data = new DataTransfer();
                data.items.add(new File([new Uint8Array(bytes)], name, { type })); return data; }""",
            [list(path.read_bytes()), path.name, kind],
        )
        self.page.locator(".side").dispatch_event("drop", {"dataTransfer": dropped})

    def bring(self, media: tuple[Path, Path]) -> Visitor:
        """Choose a video and a sound, and wait until both are there."""
        self.choose("video", media[0])
        self.frame(0)
        self.choose("sound", media[1])
        self.heard()
        return self

    def frame(self, number: int) -> None:
        """Wait until a frame of the video is shown, to the pixel."""
        self.page.locator(f".stage img[alt='Frame {number} of the video']").wait_for()

    def heard(self) -> None:
        """Wait until what is heard is drawn."""
        self.page.locator(".wave .peaks").wait_for(state="attached")

    def set(self, *settings: str) -> Visitor:
        """Write settings of the recipe, for edits that take seconds."""
        field = self.more("textarea")
        field.fill("\n".join([*QUICK, *settings]))
        field.blur()
        return self

    def more(self, selector: str):
        """A field among the settings, which are unfolded first."""
        folded = self.page.locator(".how > .more")
        if folded.get_attribute("open") is None:
            folded.locator("summary").first.click()
        return folded.locator(selector)

    def paint(self, *points: tuple[float, float]) -> Visitor:
        """One stroke with the mouse, through points in shares of the frame."""
        canvas = self.page.locator(".stage .above")
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place, steps=3)
        self.page.mouse.up()
        return self

    def painted(self, *points: tuple[float, float]) -> list[int]:
        """How opaque the mask is at points in shares of the frame, 0 to 255."""
        return self.page.evaluate(
            """points => { const mask = document.querySelector(".stage .mask"), { width, height } = mask;
                const pen = Object.assign(document.createElement("canvas"), { width, height })
                    .getContext("2d", { willReadFrequently: true });
                pen.drawImage(mask, 0, 0);
                return points.map(([x, y]) =>
                    pen.getImageData(Math.round(x * width), Math.round(y * height), 1, 1).data[3]); }""",
            [list(point) for point in points],
        )

    def until_painted(self, point: tuple[float, float]) -> None:
        """Wait until a point is inside the mask that is shown."""
        end = time.monotonic() + LONG / 1000
        while self.painted(point) != [255]:
            if time.monotonic() > end:
                raise AssertionError(f"never painted: {point}")
            self.page.wait_for_timeout(50)

    def state(self, word: str, timeout: float = LONG) -> None:
        """Wait until the newest edit is in a state."""
        self.page.locator(f".job:first-child[data-state={word}]").wait_for(timeout=timeout)

    def steps_done(self) -> None:
        """Wait until the running edit has a picture to show."""
        self.page.locator("canvas.live[data-shows=edit]").wait_for(timeout=LONG)

    def players(self, timeout: float = LONG) -> None:
        """Wait until source and edit can be played."""
        self.page.locator(".screen .of-edit").wait_for(timeout=timeout)
        self.until(PLAYABLE)

    def download(self, name: str, path: Path):
        """Click a link that saves a file: the name that it has."""
        with self.page.expect_download() as download:
            self.page.get_by_role("link", name=name, exact=True).click()
        self.clicks += 1
        download.value.save_as(path)
        return download.value.suggested_filename

    def faults(self, axe: str) -> list[str]:
        """All that axe-core finds, whatever its impact."""
        self.page.evaluate(axe)
        found = self.page.evaluate("axe.run()")["violations"]
        return [
            f"{fault['id']}: {node['html'][:200]}" for fault in found for node in fault["nodes"]
        ]

    def in_sight(self, selector: str) -> bool:
        """Whether something lies wholly within the viewport."""
        box = self.page.locator(selector).bounding_box()
        size = self.page.viewport_size
        return (
            box is not None
            and box["x"] >= 0
            and box["y"] >= 0
            and box["x"] + box["width"] <= size["width"] + 0.5
            and box["y"] + box["height"] <= size["height"] + 0.5
        )
