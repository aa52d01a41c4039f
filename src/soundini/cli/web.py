"""``soundini web``."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import FlagCreatePairsOff, UseAppendAction, arg

from soundini.errors import ConfigError

if TYPE_CHECKING:
    from soundini.web.jobs.retention import Keep


@dataclass(frozen=True)
class Web:
    """Open a page in the browser where videos are edited; Ctrl-C stops it.

    Only this machine can open it, unless --host allows others. Programs use its HTTP API: docs/http-api.md.
    """

    host: Annotated[str, arg(metavar="HOST")] = "127.0.0.1"
    """Where to listen; any address but this machine's own needs --auth."""
    port: Annotated[int | None, arg(metavar="INT", help_behavior_hint="")] = None
    """Port; by default 7860, or any that is free."""
    auth: Annotated[str | None, arg(metavar="USER:PASSWORD|FILE", help_behavior_hint="")] = None
    """Name and password of visitors, or a file that holds them."""
    folder: Annotated[Path | None, arg(metavar="FOLDER", help_behavior_hint="")] = None
    """Where uploads and jobs are kept; by default in soundini's home."""
    no_browser: FlagCreatePairsOff[bool] = False
    """Open no browser."""
    models: Annotated[
        str, arg(metavar="embedded|paper-256|paper-512|paper-512-uncond|debug|FOLDER")
    ] = "embedded"
    """The model pack of all edits."""
    keep_days: Annotated[float | None, arg(metavar="DAYS", help_behavior_hint="")] = None
    """Days after which an upload that nobody used, and no job needs, is deleted; by default it is kept for ever."""
    keep_jobs_days: Annotated[float | None, arg(metavar="DAYS", help_behavior_hint="")] = None
    """Days after which a job that ended is deleted, with what came of it; by default it is kept for ever."""
    set: UseAppendAction[
        Annotated[tuple[str, ...], arg(metavar="KEY=VALUE", help_behavior_hint="")]
    ] = ()
    """A limit on visitors, such as video_mib=2000; docs/http-api.md lists them. May be repeated."""

    def run(self) -> int:
        """Serve until Ctrl-C."""
        missing = [name for name in ("fastapi", "uvicorn") if find_spec(name) is None]
        if missing:
            raise ConfigError(
                "the page needs {names}, not installed here; run: pip install 'soundini[web]'",
                names=" and ".join(missing),
            )
        from soundini.config.presets import override
        from soundini.web.files.folder import web_folder
        from soundini.web.http.credentials import read_credentials, refuse_open_door
        from soundini.web.http.serving import address_of, listen, open_browser, serve
        from soundini.web.limits import Limits

        credentials = read_credentials(self.auth)
        refuse_open_door(self.host, credentials)
        limits = override(Limits(), self.set)
        keep = self._keep()
        if self.models != "embedded":
            from soundini.packs.loading import load_senses

            load_senses(self.models)  # missing models are reported before the server listens
        listener = listen(self.host, self.port)
        with listener:
            from soundini.web.http.app import make_app
            from soundini.web.service import EditService

            service = EditService(self.folder or web_folder(), limits, self.models, keep)
            address = address_of(listener)

            def ready() -> None:
                print(f"the page is at {address} (Ctrl-C stops it)", flush=True)
                if not self.no_browser:
                    open_browser(address)

            try:
                app = make_app(service, credentials, [self.host])
                serve(app, listener, ready)
            finally:
                service.close()
        print("stopped; unfinished edits can be resumed on the page when it is opened again")
        return 0

    def _keep(self) -> Keep:
        from soundini.web.jobs.retention import Keep

        for name, days in (
            ("--keep-days", self.keep_days),
            ("--keep-jobs-days", self.keep_jobs_days),
        ):
            if days is not None and not 0 < days < float("inf"):
                raise ConfigError(
                    "{name} {days:g} is no number of days above 0; leave it out to keep all",
                    name=name,
                    days=days,
                )
        return Keep(self.keep_days, self.keep_jobs_days)
