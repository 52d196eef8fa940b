"""What containers use, from the cgroups that kubelet made: as cAdvisor says it, so as requests are sized from."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from lab.cgroups import ROOT
from lab.world import ReefWorld
from measure import percentile
from reef.decide.sizing.stretches import Spread

Container = tuple[str, str]
"""(uid of its pod, id)."""
EVERY_S, WINDOW_S = 1.0, 10.0


class Using:
    """Within its block, containers by a key are looked at every second."""

    def __init__(self, containers: Mapping[str, Container]) -> None:
        self._folders = {key: _folders(*each) for key, each in containers.items()}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._memory: dict[str, list[float]] = {key: [] for key in containers}
        self._cpu: dict[str, list[tuple[float, float]]] = {key: [] for key in containers}

    def __enter__(self) -> Using:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def memory(self, key: str) -> Spread:
        """The working set, in bytes."""
        return _spread(self._memory[key])

    def cpu(self, key: str) -> Spread:
        """Cores, over windows of ten seconds."""
        return _spread(list(_rates(self._cpu[key])))

    def _run(self) -> None:
        while not self._stop.wait(EVERY_S):
            for key, (memory, cpu) in self._folders.items():
                try:
                    self._memory[key].append(_working_set(memory))
                    self._cpu[key].append((time.monotonic(), _cpu_seconds(cpu)))
                except OSError:
                    continue  # it has ended


def containers_of(world: ReefWorld, label: str) -> Iterator[tuple[str, str, Container]]:
    """(pod, container, where it is) of the pods that a label selects."""
    for pod in world.kubectl.json("-n", world.namespace, "get", "pods", "-l", label)["items"]:
        for status in pod["status"].get("containerStatuses", ()):
            identity = str(status.get("containerID", "")).rpartition("/")[2]
            if identity and "deletionTimestamp" not in pod["metadata"]:
                yield pod["metadata"]["name"], status["name"], (pod["metadata"]["uid"], identity)


def oom_kills(world: ReefWorld) -> int:
    """Containers of the namespace that kubelet says were ended for their memory."""
    pods = world.kubectl.json("-n", world.namespace, "get", "pods")["items"]
    return sum(_was_killed(status) for pod in pods for status in pod["status"].get("containerStatuses", ()))


def _was_killed(status: Mapping[str, Any]) -> bool:
    states = (status.get("state") or {}, status.get("lastState") or {})
    return any((each.get("terminated") or {}).get("reason") == "OOMKilled" for each in states)


def _folders(uid: str, identity: str) -> tuple[Path, Path]:
    """Of memory and of processors: cgroup v2 has one for both."""
    of_memory = ROOT / "memory" if (ROOT / "memory").is_dir() else ROOT
    of_cpu = ROOT / "cpuacct" if (ROOT / "cpuacct").is_dir() else ROOT
    return _first(of_memory, uid, identity), _first(of_cpu, uid, identity)


def _first(root: Path, uid: str, identity: str) -> Path:
    found = next(iter(root.glob(f"**/pod{uid}/{identity}")), None)
    assert found is not None, f"no cgroup of container {identity} below {root}"
    return found


def _working_set(folder: Path) -> float:
    name = "memory.current" if (folder / "memory.current").exists() else "memory.usage_in_bytes"
    field = "inactive_file " if name == "memory.current" else "total_inactive_file "
    used = int((folder / name).read_text())
    lines = (folder / "memory.stat").read_text().splitlines()
    return used - sum(int(each.split()[1]) for each in lines if each.startswith(field))


def _cpu_seconds(folder: Path) -> float:
    if (folder / "cpuacct.usage").exists():
        return int((folder / "cpuacct.usage").read_text()) / 1e9
    lines = (folder / "cpu.stat").read_text().splitlines()
    return int(next(each for each in lines if each.startswith("usage_usec")).split()[1]) / 1e6


def _rates(samples: list[tuple[float, float]]) -> Iterator[float]:
    for began, before in samples[:: int(WINDOW_S / EVERY_S)]:
        later = next((each for each in samples if each[0] >= began + WINDOW_S), None)
        if later is not None:
            yield (later[1] - before) / (later[0] - began)


def _spread(values: Iterable[float]) -> Spread:
    found = sorted(values)
    assert found, "nothing was measured"
    return Spread(percentile(found, 50), percentile(found, 95), found[-1])
