"""The rows of `kubernetes.py`: each measures one thing in a namespace of its own and gives it back."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import statistics
import time
from collections.abc import Callable, Iterator

import grpc

from deadlines import until
from lab import fleet, memory, model1
from lab.cluster import Cluster
from lab.fleet import Member
from lab.killing import kill
from lab.polling import Polling
from lab.world import VALUES, ReefWorld, location
from reef.packs.zygotes import UNUSED_S
from reef.wire.lanes import path_of
from report import Report

MEMORY_BAR, SHARED_WAKE_BAR_MS, OWN_WAKE_BAR, ON_DEMAND_BAR = 1 / 8, 150.0, 0.5, 0.8
CHANGE_BAR_S, MANY_BAR_S, REST_CPU_BAR, REST_WRITES_BAR = 20.0, 60.0, 0.05, 1.0
CONTROLLER_BAR_MB, GATEWAY_BAR_MB = 100.0, 150.0
REST_S = 60.0
PARTS = ("controller", "gateway", "pack")


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

    def members(self) -> list[Member]:
        """Those that load."""
        return [each for each in fleet.members() if each.loads][: self.args.locations]


def of(member: Member, **spec: object) -> dict[str, object]:
    """A member as a CodeLocation."""
    found = location(member.name, member.image, member.owner, code={"python_file": member.file}, **spec)
    if member.trouble == "user":
        found["spec"]["securityContext"] = member.values["securityContext"]
    return found


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


def idle_memory(bench: Bench) -> None:
    """PSS of everything in the pods, nobody calling: as soon as everybody sleeps, and once zygotes have ended too."""
    members = bench.members()
    with bench.world("standing", reef=False) as world:
        world.kubectl.apply(
            *(each for one in members for each in model1.standing(one, world.namespace, probe=model1.LIGHT))
        )
        world.k("wait", "deployment", "--all", "--for=condition=Available", "--timeout=900s", timeout_s=910)
        standing = sum(memory.pods(world, "user-deployments").values())
    with bench.world("packed") as world:
        world.apply(*(of(each, placement="packed") for each in members))
        world.all_ready([each.name for each in members], 1200)
        until(lambda: not world.pods("probe"), 120, "for the probes to go", every_s=1.0)
        until(lambda: _asleep(world), 240, "for everybody to sleep", every_s=2.0)
        asleep = sum(memory.pods(world).values())
        until(lambda: _at_rest(world), UNUSED_S * 1.5, "for the zygotes to end", every_s=5.0)
        pods = memory.pods(world)
        parts = {each: sum(memory.pods(world, part=each).values()) for each in PARTS}
    reef = sum(pods.values())
    report = bench.report
    report.figure(f"{len(members)} idle locations", "a pod for each", standing / 1e6, "MB")
    report.figure(f"{len(members)} idle locations", "Reef, as soon as all sleep", asleep / 1e6, "MB")
    report.figure(f"{len(members)} idle locations", "Reef, all of its pods", reef / 1e6, "MB")
    for each, held in parts.items():
        report.figure(f"{len(members)} idle locations", f"Reef, pods of {each}", held / 1e6, "MB")
    report.figure(f"{len(members)} idle locations", "Reef's pods", len(pods), "pods")
    report.at_most("idle memory, Reef's part", reef / standing, MEMORY_BAR, "")
    packs = len({each.owner for each in members})
    report.at_most("pods of Reef", len(pods), 4 + packs, "pods")


def _asleep(world: ReefWorld) -> bool:
    """No code server runs in any pack."""
    for pod in world.pods("pack"):
        uid = pod["metadata"]["uid"]
        for status in pod["status"]["containerStatuses"]:
            identity = status["containerID"].rpartition("/")[2]
            pids = memory.processes_of(uid, identity)
            if status["name"] != "reef" and any(memory.command_of(pid).startswith("reef: ") for pid in pids):
                return False
    return True


def _at_rest(world: ReefWorld) -> bool:
    """Nothing runs in a pack but its host and the agents."""
    for pod in world.pods("pack"):
        for status in pod["status"]["containerStatuses"]:
            identity = status["containerID"].rpartition("/")[2]
            if status["name"] != "reef" and len(memory.processes_of(pod["metadata"]["uid"], identity)) > 1:
                return False
    return True


def wakes(bench: Bench) -> None:
    """From nothing to the first answer, beside the chart's pod to Ready."""
    shared = [each for each in bench.members() if each.name.startswith("reports")][:2] or bench.members()[-2:]
    own = bench.members()[0]
    with bench.world("chart", reef=False) as world:
        world.kubectl.apply(*model1.standing(own, world.namespace))
        chart_s = statistics.median(_chart_ready(world, own) for _ in range(5))
    with bench.world("wakes") as world:
        quick = {"placement": "packed", "idle_timeout": "1s"}
        world.apply(*(of(each, **quick) for each in shared), of(own, **quick))
        alone = of(bench.members()[1], placement="on_demand", idle_timeout="5s")
        world.apply(alone)
        world.all_ready([*(each.name for each in shared), own.name, bench.members()[1].name], 600)
        warm = [_wake(world, shared[0].name, 2.5) for _ in range(bench.args.wakes)]
        fresh = [_wake(world, own.name, 2.5) for _ in range(max(5, bench.args.wakes // 2))]
        pods = [_wake_pod(world, bench.members()[1].name) for _ in range(5)]
    report = bench.report
    report.figure("first answer after nothing ran", "the chart's pod, to Ready", chart_s, "s")
    report.figure(
        "first answer after nothing ran", "Reef, an own image in a pack", statistics.median(fresh), "s"
    )
    report.figure("first answer after nothing ran", "Reef, an on-demand pod", statistics.median(pods), "s")
    p50 = statistics.median(warm[2:]) * 1000
    report.figure("first answer after nothing ran", "Reef, a shared image (zygote)", p50 / 1000, "s")
    report.at_most("wake in a pack, shared image, p50", p50, SHARED_WAKE_BAR_MS, "ms")
    report.at_most(
        "wake in a pack, own image, of the chart's", statistics.median(fresh) / chart_s, OWN_WAKE_BAR, ""
    )
    report.at_most(
        "wake of an on-demand pod, of the chart's", statistics.median(pods) / chart_s, ON_DEMAND_BAR, ""
    )


def _chart_ready(world: ReefWorld, member: Member) -> float:
    """Scaled from 0 to 1, until kubelet says Ready."""
    name = f"dagster-user-{member.name}"
    world.k("scale", "deployment", name, "--replicas=0")
    until(lambda: "pod/" not in world.k("get", "pods", "-o", "name"), 120, "for no pod", every_s=0.2)
    began = time.monotonic()
    world.k("scale", "deployment", name, "--replicas=1")
    world.k(
        "wait",
        "deployment",
        name,
        "--for=jsonpath={.status.readyReplicas}=1",
        "--timeout=300s",
        timeout_s=310,
    )
    return time.monotonic() - began


def _wake(world: ReefWorld, name: str, rest_s: float) -> float:
    """It has slept before: nobody asked for so long."""
    until(lambda: _asleep(world), 120, "for it to sleep", every_s=0.2)
    del rest_s
    return ask(world.address(name))


def _wake_pod(world: ReefWorld, name: str) -> float:
    def no_pod() -> bool:
        return f"reef-{name}" not in world.k("get", "pods", "-o", "name")

    until(no_pod, 240, "for its pod to go", every_s=0.5)
    return ask(world.address(name))


def change(bench: Bench) -> None:
    """One image changed, until the new definitions are answered; a client polls meanwhile."""
    member, others = bench.members()[0], bench.members()[1:4]
    with bench.world("change") as world:
        world.apply(*(of(each, placement="packed") for each in (member, *others)))
        world.all_ready([member.name, *(each.name for each in others)], 600)
        with Polling(world.address(member.name)) as polling:
            before = world.versioned(member.name)
            began = time.monotonic()
            newer = next(each for each in fleet.members(2) if each.name == member.name)
            world.apply(of(newer, placement="packed"))
            until(lambda: len(set(polling.ids)) > 1, 300, "for another server id", every_s=0.1)
            took = time.monotonic() - began
        assert world.versioned(member.name) != before
    bench.report.figure("one image changed", "Reef, until another server id is answered", took, "s")
    bench.report.at_most("one image changed, with its probe", took, CHANGE_BAR_S, "s")
    bench.report.at_most("failed polls meanwhile", len(polling.failed), 0, "calls")
    bench.report.at_most("server ids that came again", len(polling.went_back()), 0, "ids")


def promotions(bench: Bench) -> None:
    """Two versions in turn over three gateways, one of which is killed meanwhile; three clients poll."""
    member = bench.members()[0]
    versions = [next(each for each in fleet.members(number) if each.name == member.name) for number in (1, 2)]
    with bench.world("promotions", gateways=3) as world:
        world.apply(of(member, placement="packed"))
        world.all_ready([member.name], 300)
        world.apply(of(versions[1], placement="packed"))
        world.versioned(member.name, 300)
        done, changes = 0, 0
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(Polling(world.address(member.name))) for _ in range(3)]
            for number in range(bench.args.promotions):
                before = world.status(member.name)["version"]
                world.apply(of(versions[number % 2], placement="packed"))
                until(
                    lambda before=before: world.status(member.name)["version"] != before,
                    120,
                    "for it",
                    every_s=0.1,
                )
                done += 1
                if number == bench.args.promotions // 2:
                    kill(world, world.pods("gateway")[0], "gateway")
        back = [each for client in clients for each in _backwards(client.ids)]
        changes = max(_changes(client.ids) for client in clients)
    bench.report.figure("promotions over three gateways", "Reef, promoted", done, "times")
    bench.report.figure("promotions over three gateways", "Reef, seen by one client", changes, "changes")
    # Two versions take turns, so a client that sees more changes than there were has seen one go back.
    bench.report.at_most("server ids that went back", len(back) + max(0, changes - done), 0, "ids")


def _changes(ids: list[str]) -> int:
    return sum(1 for one, other in itertools.pairwise(ids) if one != other)


def _backwards(ids: list[str]) -> list[str]:
    """An id that is answered once between others of another version was one that went back."""
    return [ids[at] for at in range(1, len(ids) - 1) if ids[at - 1] == ids[at + 1] != ids[at]]


def many(bench: Bench) -> None:
    """CodeLocations applied at once; their image is nowhere, so that it is the control plane's work alone."""
    count = bench.args.many
    with bench.world("many") as world:
        objects = [
            location(f"many-{number:03d}", "reef.test/nowhere:1", f"team-{number % 9}")
            for number in range(count)
        ]
        for each in objects:
            each["metadata"]["annotations"] = {"dagster-reef.io/paused": "false"}
            each["spec"]["imagePullPolicy"] = "Never"
        began = time.monotonic()
        world.apply(*objects)

        def right() -> bool:
            services = world.k("get", "services", "-o", "name").count("service/many-")
            text = world.k("get", "configmap", "reef-workspace", "-o", "jsonpath={.data}")
            return services == count and text.count("location_name") >= count

        until(right, 600, "for Services and workspace", every_s=0.5)
        took = time.monotonic() - began
        leader = _leader(world)
        report = bench.report
        report.figure(f"{count} CodeLocations at once", "Reef, Services and workspace", took, "s")
        report.at_most("Services and workspace of all", took, MANY_BAR_S, "s")
        report.at_most(
            "the controller's memory", _pss(world, leader, "controller") / 1e6, CONTROLLER_BAR_MB, "MB"
        )
        gateway = world.pods("gateway")[0]
        report.at_most("a gateway's memory", _pss(world, gateway, "gateway") / 1e6, GATEWAY_BAR_MB, "MB")


def _leader(world: ReefWorld) -> dict[str, object]:
    lease = world.kubectl.json("-n", world.namespace, "get", "lease", "reef-controller")
    holder = lease["spec"]["holderIdentity"].partition("_")[0]
    return next(each for each in world.pods("controller") if each["metadata"]["name"] == holder)


def _pss(world: ReefWorld, pod: dict[str, object], container: str) -> int:
    del world
    status = next(each for each in pod["status"]["containerStatuses"] if each["name"] == container)
    identity = status["containerID"].rpartition("/")[2]
    return sum(memory.pss(pid) for pid in memory.processes_of(pod["metadata"]["uid"], identity))


ROWS: dict[str, Callable[[Bench], None]] = {
    "memory": idle_memory,
    "wakes": wakes,
    "change": change,
    "promotions": promotions,
    "many": many,
}
