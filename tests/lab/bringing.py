"""Brings the cluster up and takes it down; takes a node away and gives it back."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from lab import addons, cgroups, control_plane, images, needs, network, node, programs
from lab.building import build, say
from lab.cluster import NODES, Cluster
from lab.errors import LabError
from lab.folders import alone, runs
from lab.kubectl import KubectlError
from lab.machine import Machine
from lab.processes import run

_READY_S = 600.0
WEIGHS = 12  # processes: a cluster on a machine that has other work is not starved by it


def bring_up() -> Cluster:
    """Builds what is missing. Raises LabError, and leaves nothing running then."""
    needs.check()
    build(programs.CLUSTER)
    archive = images.archive()
    with alone("cluster"):
        cluster = Cluster()
        if cluster.up:
            say("the cluster is up already")
            return cluster
        _remove(cluster)
        started = time.monotonic()
        try:
            _start(cluster, archive)
        except BaseException:
            _kill(cluster)  # its logs stay
            raise
        say(f"the cluster is ready after {time.monotonic() - started:.0f} s")
        return cluster


def take_down() -> None:
    """This checkout's."""
    with alone("cluster"):
        _remove(Cluster())


def take_all_down() -> None:
    """Those of all checkouts that share the cache folder."""
    with alone("cluster"):
        for folder in runs().iterdir() if runs().exists() else ():
            _remove(Cluster(folder))


def _start(cluster: Cluster, archive: Path) -> None:
    cluster.folder.mkdir(parents=True)
    cluster.images.symlink_to(archive.parent)
    control = cluster.control
    control.folder.mkdir()
    control.create(control_plane.prepare(control.folder, NODES), {})
    network.lay_control(control)
    control.go()
    say("  etcd, API server, controllers, scheduler, registry")
    _until(cluster, lambda: cluster.kubectl("get", "--raw", "/readyz") == "ok", "the API server")
    for machine in cluster.nodes:
        start_node(cluster, machine)
    say(f"  {NODES} nodes")
    _until(cluster, lambda: _containerds_answer(cluster), "containerd")
    say("  images")
    cluster.load(archive)
    cluster.push(images.PRIVATE)
    say("  waiting for nodes and DNS")
    cluster.kubectl.apply(*addons.dns())
    _until(cluster, lambda: _nodes_ready(cluster), "the nodes")
    _until(cluster, lambda: _dns_ready(cluster), "CoreDNS")


def start_node(cluster: Cluster, machine: Machine) -> None:
    """Or starts again one that was lost, with the images that it had."""
    number = cluster.nodes.index(machine) + 1
    cgroup = f"{cluster.cgroup}/{machine.name}"
    cgroups.make([cgroup])
    cgroups.weigh(cluster.cgroup, WEIGHS)
    told = node.prepare(machine.folder, cluster.control.folder, number, cgroup)
    machine.create(told, node.binds(machine.folder))
    network.lay_node(cluster.control, machine, number, NODES)
    machine.go()


def lose_node(cluster: Cluster, machine: Machine) -> None:
    """As if its power failed: everything on it ends at once, and nobody is told."""
    machine.kill()
    cgroups.remove(f"{cluster.cgroup}/{machine.name}")


def _until(cluster: Cluster, condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _READY_S
    why = ""
    while True:
        for machine in cluster.machines:
            if (machine.folder / "spec.json").exists():
                machine.check()
        try:
            if condition():
                return
        except (KubectlError, LabError) as error:
            why = f": {error}"
        if time.monotonic() > deadline:
            raise LabError(f"{what} is not ready after {_READY_S:g} s{why}\nLogs: {cluster.folder}")
        time.sleep(0.2)


def _containerds_answer(cluster: Cluster) -> bool:
    return all(cluster.ctr(machine, "images", "list", "-q") is not None for machine in cluster.nodes)


def _nodes_ready(cluster: Cluster) -> bool:
    found = cluster.kubectl.json("get", "nodes")["items"]
    return len(found) == NODES and all(
        condition["status"] == "True"
        for one in found
        for condition in one["status"]["conditions"]
        if condition["type"] == "Ready"
    )


def _dns_ready(cluster: Cluster) -> bool:
    found = cluster.kubectl.json("-n", "kube-system", "get", "deployment", "coredns")
    return bool(found["status"].get("readyReplicas"))


def _kill(cluster: Cluster) -> None:
    for machine in reversed(cluster.machines):
        machine.kill()
    cgroups.remove(cluster.cgroup)


def _remove(cluster: Cluster) -> None:
    _kill(cluster)
    if cluster.folder.exists():
        run("rm", "-rf", cluster.folder)  # a hundred thousand files: Python takes minutes on a busy machine
