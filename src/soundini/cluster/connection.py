"""Connecting to a Ray cluster, and the resources of its workers."""

import logging
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from soundini.errors import ConfigError

AUTO = "auto"
_PATIENCE = 10.0
"""Seconds that a cluster may take to answer."""
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # Ray sends no statistics
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""Ray's settings, for all who start it; what the user has set stays."""


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Connect to a cluster.

    Args:
        address: ``auto`` for the cluster that this machine belongs to (``$RAY_ADDRESS``, or one started by ``ray start``), or a
            new one of this machine alone where it belongs to none; else ``ray://HOST:10001`` or ``HOST:6379``.

    Raises:
        ConfigError: Ray is not installed, or there is no such cluster.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError:
        raise ConfigError("clusters need Ray; run: pip install 'soundini[cluster]'") from None
    _knock(os.environ.get("RAY_ADDRESS", "") if address == AUTO else address)
    try:
        ray.init(
            None if address == AUTO else address,
            log_to_driver=False,
            logging_level=logging.CRITICAL,
        )
    except Exception as error:  # network errors, differing versions, invalid addresses
        words = " ".join(str(error).split()) or type(error).__name__
        raise ConfigError(
            "cannot reach a Ray cluster at {address}: {why}", address=address, why=words
        ) from None
    try:
        yield
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Check quickly whether anything answers; Ray itself tries for minutes.

    Raises:
        ConfigError: nobody answers.
    """
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdecimal():
        return  # an address without a port; Ray reports what is wrong with it
    try:
        socket.create_connection((host.strip("[]"), int(port)), _PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise ConfigError(
            "no Ray cluster answers at {address} ({why}); look whether it runs, and how this machine "
            "reaches it",
            address=address,
            why=error,
        ) from None


@dataclass(frozen=True)
class WorkerNeeds:
    """What a worker takes of the machine it runs on; Ray shares machines out by these.

    Args:
        cpus: cores, 1 or more; also the threads that it computes with.
        gpus: GPUs, 0 for none; 0.5 lets two workers share one.
        memory: bytes.
    """

    cpus: int = 1
    gpus: float = 0.0
    memory: int = 3 * 10**9

    def fitting(self, nodes: Sequence[Mapping[str, Any]]) -> int:
        """How many workers fit on these nodes, if nothing else runs there.

        Args:
            nodes: as ``ray.nodes()`` tells of them.
        """
        wanted = {"CPU": self.cpus, "GPU": self.gpus, "memory": self.memory}
        has = [node["Resources"] for node in nodes if node["Alive"]]
        return sum(
            min(int(there.get(name, 0) / need) for name, need in wanted.items() if need)
            for there in has
        )
