"""What the rows of `kubernetes.py` share: a namespace, the fleet in it, and what runs in its packs."""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import grpc

from deadlines import until
from lab import fleet, memory, model1
from lab.cluster import Cluster
from lab.fleet import Member
from lab.world import VALUES, ReefWorld, location
from measure import cpu_seconds
from reef.wire.lanes import path_of
from report import Report

Document = Mapping[str, Any]
HOST = "reef"  # Reef's own container in a pack


class Bench:
    """What all rows share."""

    def __init__(self, args: argparse.Namespace, report: Report) -> None:
        self.args = args
        self.report = report
        self.cluster = Cluster()

    @contextlib.contextmanager
    def world(self, name: str, *, reef: bool = True, gateways: int = 2) -> Iterator[ReefWorld]:
        """A namespace, with Reef in it and its PostgreSQL, that is gone afterwards."""
        namespace = f"bench-{name}"
        kubectl = self.cluster.kubectl
        kubectl("delete", "namespace", namespace, "--ignore-not-found", timeout_s=300)
        kubectl.make_namespace(namespace, security=None)
        world = ReefWorld(self.cluster, namespace)
        try:
            if reef:
                world.install({**VALUES, "gateway": {"replicas": gateways}}, dagster=False)
            yield world
        finally:
            kubectl("delete", "namespace", namespace, timeout_s=300)

    def members(self, version: int = 1) -> list[Member]:
        """Those that load."""
        return [each for each in fleet.members(version) if each.loads][: self.args.locations]


def of(member: Member, **spec: object) -> dict[str, Any]:
    """A member as a CodeLocation."""
    found = location(member.name, member.image, member.owner, code={"python_file": member.file}, **spec)
    if member.trouble == "user":
        found["spec"]["securityContext"] = member.values["securityContext"]
    return found


def stand(
    world: ReefWorld,
    members: Sequence[Member],
    probe: dict[str, Any] = model1.LIGHT,
    requests: int | None = None,
) -> None:
    """A pod for each, until all are available; `requests`: bytes of memory."""
    namespace = world.namespace
    made = [model1.standing(each, namespace, probe=probe, memory=requests) for each in members]
    world.kubectl.apply(*(each for objects in made for each in objects))
    world.k("wait", "deployment", "--all", "--for=condition=Available", "--timeout=900s", timeout_s=910)


def pack(world: ReefWorld, members: Sequence[Member], **spec: object) -> None:
    """All of them packed, tried and ready."""
    world.apply(*(of(each, placement="packed", **spec) for each in members))
    world.all_ready([each.name for each in members], 1200)
    until(lambda: not world.pods("probe"), 240, "for the probes to go", every_s=1.0)


def ask(target: str, timeout_s: float = 120) -> float:
    """Seconds until a location's code server has answered."""
    began = time.monotonic()
    with grpc.insecure_channel(target) as channel:
        call = channel.unary_unary(path_of("ExternalPartitionNames"), None, None)
        try:
            call(b"", timeout=timeout_s, wait_for_ready=True)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.UNKNOWN:  # type: ignore[attr-defined]
                raise
    return time.monotonic() - began


def addresses(world: ReefWorld, members: Iterable[Member]) -> dict[str, str]:
    """Location -> IP:PORT of its Service."""
    found = world.kubectl.json("-n", world.namespace, "get", "services")["items"]
    specs = {each["metadata"]["name"]: each["spec"] for each in found}
    return {
        each.name: f"{specs[each.name]['clusterIP']}:{specs[each.name]['ports'][0]['port']}"
        for each in members
    }


# -- what runs --------------------------------------------------------------------------------------------


def containers(world: ReefWorld, part: str) -> Iterator[tuple[str, str, list[int]]]:
    """(pod, container, pids outside) of all pods of one part of Reef."""
    for pod in world.pods(part):
        for status in pod["status"].get("containerStatuses", ()):
            identity = status.get("containerID", "").rpartition("/")[2]
            pids = memory.processes_of(pod["metadata"]["uid"], identity) if identity else []
            yield pod["metadata"]["name"], status["name"], pids


def at_rest(world: ReefWorld) -> bool:
    """Nothing runs in a pack but its host and the agents."""
    return all(len(pids) <= 1 for _, name, pids in containers(world, "pack") if name != HOST)


def cpu_of(world: ReefWorld, part: str) -> float:
    """Processor seconds so far of one part of Reef."""
    return cpu_seconds(pid for _, _, pids in containers(world, part) for pid in pids)
