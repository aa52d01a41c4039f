"""The resources of a worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


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
