"""Somebody who edits a video on the page: with a mouse, a keyboard, and no idea of what lies behind it."""

from __future__ import annotations

import re
from pathlib import Path

LONG = 120_000
"""Milliseconds that an edit may take on a busy machine."""
_QUICK = ["region.size=32", "window.frames=12", "guidance.gradient=fast"]


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
        self.page = self.context.new_page()
        self.page.set_default_timeout(30_000)
        self.address = address
        self.trouble: list[str] = []
        self.clicks = 0
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("request", self._asked)
        self.page.on("dialog", self._alerted)

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
        self.page.locator(".jobs").wait_for(state="attached")
        return self

    def part(self, name: str):
        return self.page.locator(f"#{name}-part")

    def click(self, name: str, within: str = "") -> None:
        place = self.part(within) if within else self.page
        place.get_by_role("button", name=name, exact=True).first.click()
        self.clicks += 1

    def choose(self, kind: str, path: Path) -> None:
        """Click the zone and choose a file."""
        with self.page.expect_file_chooser() as chooser:
            self.part(kind).locator(".drop").click()
        self.clicks += 1
        chooser.value.set_files(path)

    def bring(self, media: tuple[Path, Path]) -> Visitor:
        """Choose a video and a sound, and wait until both are there."""
        self.choose("video", media[0])
        self.page.locator(".stage img[alt]:not([alt=''])").wait_for()
        self.choose("sound", media[1])
        self.page.locator(".heard svg").wait_for()
        return self

    def set(self, *settings: str) -> Visitor:
        """Write settings of the recipe, for edits that take seconds."""
        field = self.more()
        field.fill("\n".join([*_QUICK, *settings]))
        field.blur()
        return self

    def more(self):
        """The field of settings of the recipe, which is unfolded first."""
        field = self.page.get_by_label("name=value")
        if not field.is_visible():
            self.page.get_by_role("button", name="More settings").click()
        return field

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

    def state(self, word: str, timeout: float = LONG) -> None:
        """Wait until the newest edit is in a state."""
        badge = self.page.locator(".job .badge").first
        badge.get_by_text(re.compile(f"^{word}$")).wait_for(timeout=timeout)

    def steps_done(self) -> None:
        """Wait until the running edit has a picture to show."""
        self.page.locator("img.live:not([hidden])").wait_for(timeout=LONG)

    def players(self, timeout: float = LONG) -> None:
        """Wait until source and edit can be played."""
        self.page.locator(".screen .edited").wait_for(timeout=timeout)
        self.page.wait_for_function(
            "() => [...document.querySelectorAll('.screen video')].every(v => v.readyState >= 2 && v.error === null)"
        )

    def download(self, name: str, path: Path) -> Path:
        with self.page.expect_download() as download:
            self.page.get_by_role("link", name=name).click()
        self.clicks += 1
        download.value.save_as(path)
        return path

    def faults(self, axe: str) -> list[str]:
        """Serious and critical faults that axe-core finds."""
        self.page.evaluate(axe)
        found = self.page.evaluate("axe.run()")["violations"]
        return [
            f"{fault['id']}: {node['html'][:200]}"
            for fault in found
            if fault["impact"] in ("serious", "critical")
            for node in fault["nodes"]
        ]
