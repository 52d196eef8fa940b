"""The cluster: brought up, found again by another process, taken down."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from lab import addons, cgroups, control_plane, images, needs, network, node, programs
from lab.building import build, say
from lab.errors import LabError
from lab.folders import alone, cache
from lab.kubectl import Kubectl, KubectlError
from lab.machine import Machine

NODES = 2
_READY_S = 300.0


class Cluster:
    """The one below the cache folder; at most one runs on a machine."""

    def __init__(self) -> None:
        self.folder = cache() / "run"
        self.control = Machine(self.folder / "control")
        self.nodes = [Machine(self.folder / f"node{number}") for number in range(1, NODES + 1)]
        self.kubeconfig = self.control.folder / "admin.kubeconfig"

    @property
    def machines(self) -> list[Machine]:
        return [self.control, *self.nodes]

    @property
    def up(self) -> bool:
        return all(machine.pid is not None for machine in self.machines)

    @property
    def kubectl(self) -> Kubectl:
        return Kubectl(programs.program("kubectl"), self.kubeconfig, self.control.entering())

    def load(self, archive: Path) -> None:
        """Puts the images of an OCI archive onto all nodes."""
        for machine in self.nodes:
            self.ctr(machine, "images", "import", str(archive))

    def ctr(self, machine: Machine, *arguments: str) -> str:
        return machine.inside(programs.program("ctr"), "-a", node.SOCKET, "-n", "k8s.io", *arguments)

    def push(self, image: str) -> None:
        """From the first node to the registry; then no node has it any more."""
        who = f"{control_plane.REGISTRY_USER}:{control_plane.REGISTRY_PASSWORD}"
        hosts = self.nodes[0].folder / "registries"
        self.ctr(self.nodes[0], "images", "push", "--user", who, "--hosts-dir", str(hosts), image)
        for machine in self.nodes:
            self.ctr(machine, "images", "remove", "--sync", image)


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
    with alone("cluster"):
        _remove(Cluster())


def _start(cluster: Cluster, archive: Path) -> None:
    cluster.folder.mkdir(parents=True)
    control = cluster.control
    control.folder.mkdir()
    control.create(control_plane.prepare(control.folder, NODES), {})
    network.lay_control(control)
    control.go()
    say("  etcd, API server, controllers, scheduler, registry")
    _until(cluster, lambda: cluster.kubectl("get", "--raw", "/readyz") == "ok", "the API server")
    cgroups.make([node.cgroup(machine.name) for machine in cluster.nodes])
    for number, machine in enumerate(cluster.nodes, 1):
        machine.create(node.prepare(machine.folder, control.folder, number), node.binds(machine.folder))
    for number, machine in enumerate(cluster.nodes, 1):
        network.lay_node(control, cluster.nodes, number)
        machine.go()
    say(f"  {NODES} nodes")
    _until(cluster, lambda: _containerds_answer(cluster), "containerd")
    say("  images")
    cluster.load(archive)
    cluster.push(images.PRIVATE)
    say("  waiting for nodes and DNS")
    cluster.kubectl.apply(*addons.dns())
    _until(cluster, lambda: _nodes_ready(cluster), "the nodes")
    _until(cluster, lambda: _dns_ready(cluster), "CoreDNS")


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
    cgroups.remove(node.CGROUPS)


def _remove(cluster: Cluster) -> None:
    _kill(cluster)
    if cluster.folder.exists():
        shutil.rmtree(cluster.folder)


def status(cluster: Cluster) -> str:
    """As JSON: what a person needs to use it."""
    return json.dumps(
        {
            "up": cluster.up,
            "kubeconfig": str(cluster.kubeconfig),
            "kubectl": str(programs.program("kubectl")),
            "machines": {machine.name: machine.pid for machine in cluster.machines},
        },
        indent=2,
    )
