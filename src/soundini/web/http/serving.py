"""Listening: a socket, uvicorn, and a clean stop."""

from __future__ import annotations

import logging
import signal
import socket
import webbrowser
from collections.abc import Callable
from threading import Thread
from typing import TYPE_CHECKING

import uvicorn

from soundini.errors import ConfigError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

PORT = 7860
_LAST_PORT = 65535
_SECONDS_TO_STOP = 2
_BACKLOG = 128


def listen(host: str, port: int | None) -> socket.socket:
    """Open a listening socket.

    Args:
        host: name or address to listen on.
        port: to listen on; 0 for any free one; None for 7860, or any free one if that is taken.

    Raises:
        ConfigError: the host is not one of this machine, or the port is taken or not allowed.
    """
    if port is not None and not 0 <= port <= _LAST_PORT:  # the system would take it modulo 65536
        raise ConfigError(
            "--port {port} is no port; choose one from 0 to {last}",
            port=port,
            last=_LAST_PORT,
        )
    try:
        return _bound(host, PORT if port is None else port)
    except OSError as error:
        if port is None:
            return listen(host, 0)
        words = error.strerror or str(error)
        raise ConfigError(
            "cannot listen on {host}, port {port} ({why}); choose another with --host or --port",
            host=host,
            port=port,
            why=words,
        ) from None


def _bound(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def address_of(listener: socket.socket) -> str:
    """The address at which a browser on this machine reaches the page."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1" if host == "0.0.0.0" else "::1"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def serve(app: ASGIApp, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until Ctrl-C or SIGTERM.

    Args:
        app: what is served.
        listener: from :func:`listen`; closed in the end.
        ready: called when the server answers requests.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_SECONDS_TO_STOP,
    )
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # defects are told by the app

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready()

    # uvicorn stops at a signal, then raises it again for the handler that was installed before.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        Server(config).run(sockets=[listener])
    except KeyboardInterrupt:
        return
    finally:
        signal.signal(signal.SIGTERM, before)
        listener.close()


def open_browser(address: str) -> None:
    """Open the page in a browser, if there is one; returns at once."""
    Thread(target=webbrowser.open, args=(address,), daemon=True).start()
