"""The windows of a job on disk: finished ones as lossless frames, the running one as the sampler's state."""

import hashlib
import json
import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from soundini.diffusion.sampling import SamplingState
from soundini.editing.figures import WarpSums
from soundini.editing.keeping import FinishedWindow, Patch, RunningWindow
from soundini.errors import ConfigError
from soundini.media.output import write_durably

WINDOWS, STATE = "windows", "state.safetensors"
_FAST = [cv2.IMWRITE_PNG_COMPRESSION, 1]


class WindowFiles:
    """A :class:`soundini.editing.keeping.Keeper` in a folder.

    A finished window is one file: of each frame, the rectangle that the edit changed, as PNG. The running window's state is
    one file, written anew now and then. A file that is damaged, or of another job, is as good as none.

    Args:
        folder: the job's folder.
        token: names the job.
        seconds_between_states: least time between two states of a window, seconds.
        tell: called with a sentence about every file that is damaged or foreign.

    Raises:
        ConfigError: the windows would be written elsewhere, through a symbolic link.
    """

    def __init__(
        self,
        folder: Path,
        token: str,
        seconds_between_states: float,
        tell: Callable[[str], None],
    ) -> None:
        self._folder = folder
        self._token = token
        self._between = seconds_between_states
        self._tell = tell
        self._stated = time.monotonic()
        if (folder / WINDOWS).is_symlink():
            raise ConfigError(
                "{file} is a symbolic link; delete it and resume again", file=folder / WINDOWS
            )
        (folder / WINDOWS).mkdir(exist_ok=True)

    def finished(self, number: int) -> FinishedWindow | None:
        """The result of a finished window, or None."""
        path = self._path(number)
        found = self._read(path, number)
        if found is None:
            return None
        tensors, facts = found
        patches = [
            Patch(x, y, _decoded(tensors[f"frame{i:04d}"]))
            for i, (x, y) in enumerate(facts["corners"])
        ]
        return FinishedWindow(patches, facts["losses"], WarpSums(**facts["warp"]), facts["seconds"])

    def running(self, number: int) -> RunningWindow | None:
        """The state of a window that was begun, or None."""
        found = self._read(self._folder / STATE, number)
        if found is None:
            return None
        tensors, facts = found
        sampling = SamplingState(facts["index"], tensors["x"], tensors.get("history"))
        return RunningWindow(sampling, facts["losses"], facts["seconds"])

    def keep_finished(self, number: int, window: FinishedWindow) -> None:
        """Write a finished window, and drop the state that led to it."""
        facts = {
            "corners": [[patch.x, patch.y] for patch in window.patches],
            "losses": dict(window.losses),
            "warp": asdict(window.warp),
            "seconds": window.seconds,
        }
        frames = {f"frame{i:04d}": _encoded(p.rgb) for i, p in enumerate(window.patches)}
        write_sealed(self._path(number), frames, self._marked(number, facts))
        (self._folder / STATE).unlink(missing_ok=True)
        self._stated = time.monotonic()

    def keep_running(self, number: int, window: RunningWindow) -> None:
        """Write the sampler's state, where the last one is old enough."""
        if time.monotonic() - self._stated < self._between:
            return
        state = window.sampling
        tensors = {"x": state.x}
        if state.history is not None:
            tensors["history"] = state.history
        facts = {"index": state.index, "losses": dict(window.losses), "seconds": window.seconds}
        write_sealed(self._folder / STATE, tensors, self._marked(number, facts))
        self._stated = time.monotonic()

    def _path(self, number: int) -> Path:
        return self._folder / WINDOWS / f"{number:05d}.safetensors"

    def _marked(self, number: int, facts: dict[str, Any]) -> dict[str, Any]:
        return {"job": self._token, "window": number, **facts}

    def _read(self, path: Path, number: int) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        try:
            found = read_sealed(path)
        except FileNotFoundError:
            return None
        if found is None or found[1].get("job") != self._token:
            self._tell(f"{path.name} is damaged; it is computed again")
            return None
        return found if found[1].get("window") == number else None


def _encoded(rgb: np.ndarray) -> Tensor:
    """A picture as PNG; empty if it has no pixels."""
    if rgb.size == 0:
        return torch.zeros(0, dtype=torch.uint8)
    _, data = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), _FAST)
    return torch.from_numpy(data)


def _decoded(data: Tensor) -> np.ndarray:
    if len(data) == 0:
        return np.zeros((0, 0, 3), np.uint8)
    bgr = cv2.imdecode(data.numpy(), cv2.IMREAD_COLOR)
    assert bgr is not None  # the hash proves that these bytes were written here
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def write_sealed(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write tensors and facts to a safetensors file that says its own hash.

    Args:
        path: the file.
        tensors: what to write, on any device.
        facts: anything that JSON can hold.

    Raises:
        MediaError: the disk is full, or cannot be written to.
    """
    stored = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    text = json.dumps(facts)
    seal = {"facts": text, "sha256": _digest(stored, text)}
    write_durably(path, save(stored, metadata=seal))


def read_sealed(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """The tensors (on the CPU) and the facts of a file; None where it is damaged or was not written here.

    Raises:
        FileNotFoundError: there is no such file.
    """
    if not stat.S_ISREG(path.lstat().st_mode):
        return None
    try:
        with safe_open(path, "pt") as file:
            seal = file.metadata() or {}
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118 -- no mapping
    except FileNotFoundError:
        raise
    except (SafetensorError, OSError, ValueError):
        return None
    text = seal.get("facts", "")
    try:
        if seal.get("sha256") != _digest(tensors, text):
            return None
        facts = json.loads(text)
    except (TypeError, ValueError, RecursionError):  # written by another program
        return None
    return (tensors, facts) if isinstance(facts, dict) else None


def _digest(tensors: Mapping[str, Tensor], text: str) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"\n{name} {tensor.dtype} {list(tensor.shape)}\n".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()
