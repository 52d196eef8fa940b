"""What the pods of a namespace take: PSS of every process in them, from the cgroups that kubelet made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reef.hosting.memory import sample

if TYPE_CHECKING:
    from lab.world import ReefWorld

CGROUPS = Path("/sys/fs/cgroup")


def pods(world: ReefWorld, component: str | None = None, part: str | None = None) -> dict[str, int]:
    """Pod -> bytes. `component`: those of the official chart's label; None: all of Reef, or one `part` of it."""
    label = f"component={component}" if component else "app.kubernetes.io/part-of=reef"
    if part:
        label += f",app.kubernetes.io/component={part}"
    found = world.kubectl.json("-n", world.namespace, "get", "pods", "-l", label)["items"]
    uids = {each["metadata"]["uid"]: each["metadata"]["name"] for each in found}
    sums = dict.fromkeys(uids.values(), 0)
    for uid, pid in _processes(set(uids)):
        sums[uids[uid]] += pss(pid)
    return sums


def _root() -> Path:
    """Under cgroup v1 each controller has the same tree: one of them is enough."""
    return CGROUPS / "memory" if (CGROUPS / "memory").is_dir() else CGROUPS


def _processes(uids: set[str]) -> Iterator[tuple[str, int]]:
    for folder in _root().glob("**/pod*"):
        uid = folder.name.removeprefix("pod")
        if uid in uids:
            for file in folder.rglob("cgroup.procs"):
                for line in file.read_text().split():
                    yield uid, int(line)


def pss(pid: int) -> int:
    """Bytes; 0 for one that has ended."""
    found = sample(pid)
    return found.pss if found is not None else 0


def processes_of(uid: str, container: str) -> list[int]:
    """Pids outside of one container of a pod, the oldest first."""
    for folder in _root().glob(f"**/pod{uid}/{container}"):
        return sorted(map(int, (folder / "cgroup.procs").read_text().split()))
    return []


def command_of(pid: int) -> str:
    """With spaces; "" for one that has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def servers(world: ReefWorld) -> set[str]:
    """Locations whose code server runs in a pack: the title of its process says whose it is."""
    titles = {command_of(pid) for pod in world.pods("pack") for pid in _of_pod(pod)}
    return {each.removeprefix("reef: ").strip("\0 ") for each in titles if each.startswith("reef: ")}


def _of_pod(pod: dict[str, Any]) -> Iterator[int]:
    """Pids outside of all its containers but Reef's own."""
    for status in pod["status"].get("containerStatuses", ()):
        identity = status.get("containerID", "").rpartition("/")[2]
        if identity and status["name"] != "reef":
            yield from processes_of(pod["metadata"]["uid"], identity)
