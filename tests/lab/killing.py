"""SIGKILL to a process of a container, as the kernel or a bad day sends it."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

from lab import memory

if TYPE_CHECKING:
    from lab.world import ReefWorld


def kill(world: ReefWorld, pod: dict[str, Any], container: str) -> int:
    """The first process of that container; its pid outside."""
    status = next(each for each in pod["status"]["containerStatuses"] if each["name"] == container)
    identity = status["containerID"].rpartition("/")[2]
    found = memory.processes_of(pod["metadata"]["uid"], identity)
    assert found, f"no process of {container} in {pod['metadata']['name']}"
    os.kill(found[0], signal.SIGKILL)
    return found[0]
