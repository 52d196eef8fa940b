"""The end of a cluster leaves no process, mount, network device, namespace or cgroup."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deadlines import until
from lab import bringing, cgroups
from lab.cluster import Cluster

KINDS = ("net", "mnt", "pid", "ipc", "uts")


def namespaces(pid: str) -> set[str]:
    try:
        return {os.readlink(f"/proc/{pid}/ns/{kind}") for kind in KINDS}
    except OSError:  # it has ended, or is a zombie
        return set()


def processes() -> Iterator[str]:
    return (name for name in os.listdir("/proc") if name.isdigit())


def of_the_lab(lab: Cluster) -> set[str]:
    """The namespaces of everything in the machines, pods among them."""
    parents = {pid: parent for pid in processes() if (parent := parent_of(pid))}
    found: set[str] = set()
    for pid in parents:
        chain = [pid]
        while chain[-1] in parents:
            chain.append(parents[chain[-1]])
        if {str(machine.pid) for machine in lab.machines} & set(chain):
            found |= namespaces(pid)
    return found - namespaces("self")


def parent_of(pid: str) -> str | None:
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[1]
    except OSError:
        return None


def mounts() -> list[str]:
    return Path("/proc/self/mountinfo").read_text("utf-8").splitlines()


def devices() -> set[str]:
    return set(os.listdir("/sys/class/net"))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_nothing_is_left_behind() -> None:
    if "REEF_TEST_TAKES_CLUSTER_DOWN" not in os.environ:
        pytest.skip("takes this checkout's cluster down: `make test-cluster` runs it at its end")
    lab = Cluster()
    own = of_the_lab(lab)
    assert len(own) > 4 * len(lab.machines)  # those of pods are among them
    assert cgroups.remaining(lab.cgroup)
    before = mounts(), devices()
    bringing.take_down()
    until(
        lambda: not {one for pid in processes() for one in namespaces(pid)} & own, 30, "for the last process"
    )
    assert (mounts(), devices()) == before
    assert cgroups.remaining(lab.cgroup) == []
    assert not lab.folder.exists()
