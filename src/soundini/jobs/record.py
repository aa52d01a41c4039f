"""``job.json``: what a job does, and what its result depends on."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from soundini.editing.request import EditRequest, versions
from soundini.errors import ConfigError
from soundini.media.output import write_durably
from soundini.settings_files import read_json

RECORD = "job.json"


class JobRecord(BaseModel):
    """A job's record on disk.

    Args:
        token: names the job, whatever its folder is called.
        created: when it was made, UTC, ISO 8601.
        request: the edit, with absolute paths.
        inputs: sha256 of every file that is read.
        weights: sha256 of every weight file.
        versions: of what the bytes of an output depend on.
        frames: frames to be edited.
        windows: windows they are sampled in.
        steps: network evaluations in all.
        state: ``open`` while there is something to do; ``failed`` where the last try ended with an error; ``done``.
        error: that error, in one line.
        ended: when it was done or failed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: str = Field(pattern=r"^[0-9a-f]{8}$")
    created: str
    request: EditRequest
    inputs: dict[str, str]
    weights: dict[str, str]
    versions: dict[str, str]
    frames: int = Field(ge=0, lt=2**53)
    windows: int = Field(ge=0, lt=2**53)
    steps: int = Field(ge=0, lt=2**53)
    state: Literal["open", "failed", "done"] = "open"
    error: str = ""
    ended: str = ""

    @field_validator("created")
    @classmethod
    def _is_a_moment(cls, value: str) -> str:
        if datetime.fromisoformat(value).tzinfo is None:
            raise ValueError("it names no time zone")
        return value

    @field_validator("request")
    @classmethod
    def _has_an_output(cls, value: EditRequest) -> EditRequest:
        if not value.output.is_absolute() or value.output.suffix.lower() != ".mp4":
            raise ValueError("it names no place for the output")
        return value

    def write(self, folder: Path) -> None:
        """Write it to a job's folder."""
        write_durably(folder / RECORD, (self.model_dump_json(indent=1) + "\n").encode())

    def other_versions(self) -> list[str]:
        """What changed since the job began, one line each; the bytes may then differ."""
        here = versions()
        return [f"{k} {v} -> {here.get(k)}" for k, v in self.versions.items() if here.get(k) != v]


def read_record(folder: Path) -> JobRecord:
    """Read the record of a job.

    Raises:
        ConfigError: the folder holds none, or it is damaged.
    """
    path = folder / RECORD
    if not path.is_file():
        raise ConfigError("there is no job in {folder}; soundini jobs lists them", folder=folder)
    try:
        return JobRecord.model_validate(read_json(path))
    except (OSError, ValueError):
        raise ConfigError(
            "{file} is damaged or of another version of soundini; soundini jobs clean deletes the job",
            file=path,
        ) from None


def now() -> str:
    """The current time, UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def differences(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """Names whose hashes differ or that are on one side only, sorted."""
    return sorted(name for name in before | now if before.get(name) != now.get(name))
