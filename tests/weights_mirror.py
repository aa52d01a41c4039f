"""A web server that serves files, and misbehaves in any of the ways that hosts of weights do."""

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PAGE = b"<!DOCTYPE html><html><body>Sign in to go on</body></html>"


@dataclass
class Served:
    """A file and how it is served.

    Args:
        data: its bytes.
        ranges: whether parts can be asked for.
        cuts: after how many bytes the connection is cut, for each of the next answers.
        status: an error to answer with instead.
        page: answer with a web page; ``typed`` says so in its header, ``untyped`` does not.
        form: ask first whether one means it, as Google Drive does.
        tag: the file's ETag.
        minds_tag: whether it is asked for as ``If-Range`` is minded.
        sized: whether an answer says how long it is.
    """

    data: bytes
    ranges: bool = True
    cuts: list[int] = field(default_factory=list)
    status: int = 200
    page: str = ""
    form: bool = False
    tag: str = ""
    minds_tag: bool = True
    sized: bool = True


class BadServer(ThreadingHTTPServer):
    """Files by path; ``asked`` lists what was asked: path, and the first byte or None."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, Served] = {}
        self.asked: list[tuple[str, int | None]] = []

    def put(self, path, data, **how):
        """Serve a file, and return its address."""
        self.files[path] = Served(data, **how)
        return self.url(path)

    def url(self, path):
        return f"http://127.0.0.1:{self.server_port}{path}"

    def handle_error(self, *_):
        pass  # a client that hangs up is what some tests are about


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        parts = urlsplit(self.path)  # of a proxy, a whole address is asked
        asked = self.headers.get("Range")
        first = int(asked.removeprefix("bytes=").split("-")[0]) if asked else None
        self.server.asked.append((parts.path, first))
        file = self.server.files.get(parts.path)
        if file is None or file.status != 200:
            self._answer(404 if file is None else file.status, PAGE, {"Content-Type": "text/html"})
        elif file.form and parse_qs(parts.query).get("confirm") != ["t"]:
            form = f"""<html><form id="download-form" action="{self.server.url(parts.path)}" method="get">
                <input type="submit" value="Download anyway"/><input type="hidden" name="confirm" value="t">
                <input type="hidden" name="uuid" value="5-a"></form></html>"""
            self._answer(200, form.encode(), {"Content-Type": "text/html; charset=utf-8"})
        elif file.page:
            kind = "text/html" if file.page == "typed" else "application/octet-stream"
            self._answer(200, PAGE * 100, {"Content-Type": kind})
        else:
            self._file(file, first)

    def _file(self, file, first):
        headers = {"ETag": file.tag} if file.tag else {}
        known = self.headers.get("If-Range", file.tag) if file.minds_tag else file.tag
        if first is None or not file.ranges or known != file.tag:
            self._answer(200, file.data, headers, file)
        elif first >= len(file.data):
            self._answer(416, b"", {"Content-Range": f"bytes */{len(file.data)}"})
        else:
            span = f"bytes {first}-{len(file.data) - 1}/{len(file.data)}"
            self._answer(206, file.data[first:], headers | {"Content-Range": span}, file)

    def _answer(self, status, body, headers, file=None):
        self.send_response(status)
        if file is None or file.sized:
            self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: file.cuts.pop(0)] if file and file.cuts else body)

    def log_message(self, *_):
        pass


@contextmanager
def running():
    with BadServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
