"""The real server, started by the real command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path


class Server:
    """``soundini web`` in a process of its own; it can be stopped as by Ctrl-C, and started again at the same address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "soundini", "web", "--no-browser"]
        options = ["--port", str(self.port), "--folder", str(self.folder / "web")]
        log = (self.folder / "log").open("a")
        self.process = subprocess.Popen(
            command + options,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "SOUNDINI_HOME": str(self.folder), "OMP_NUM_THREADS": "1"},
        )
        log.close()
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        if "http://" not in said:
            self.stop()
            raise AssertionError((self.folder / "log").read_text())
        self.address = next(word for word in said.split() if word.startswith("http://"))
        self.port = int(self.address.rstrip("/").rsplit(":", 1)[1])

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code
