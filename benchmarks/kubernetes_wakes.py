"""From nothing to the first answer, beside the pod that the chart makes."""

from __future__ import annotations

import statistics
import time

from deadlines import until
from kubernetes_bench import Bench, ask, of
from lab import memory, model1
from lab.fleet import Member
from lab.world import ReefWorld

SHARED_BAR_MS, OWN_BAR, ON_DEMAND_BAR = 150.0, 0.5, 0.8


def wakes(bench: Bench) -> None:
    shared = [each for each in bench.members() if each.name.startswith("reports")][:2] or bench.members()[-2:]
    own, alone = bench.members()[0], bench.members()[1]
    with bench.world("chart", reef=False) as world:
        world.kubectl.apply(*model1.standing(own, world.namespace))
        chart_s = statistics.median(_chart_ready(world, own) for _ in range(5))
    with bench.world("wakes") as world:
        quick = {"placement": "packed", "idle_timeout": "1s"}
        world.apply(*(of(each, **quick) for each in shared), of(own, **quick))
        world.apply(of(alone, placement="on_demand", idle_timeout="5s"))
        world.all_ready([*(each.name for each in shared), own.name, alone.name], 600)
        warm = [_wake(world, shared[0].name) for _ in range(bench.args.wakes)]
        fresh = [_wake(world, own.name) for _ in range(max(5, bench.args.wakes // 2))]
        pods = [_wake_pod(world, alone.name) for _ in range(5)]
    report, group = bench.report, "first answer after nothing ran"
    p50, own_s, pod_s = statistics.median(warm[2:]), statistics.median(fresh), statistics.median(pods)
    report.figure(group, "the chart's pod, to Ready", chart_s, "s")
    report.figure(group, "Reef, an own image in a pack", own_s, "s")
    report.figure(group, "Reef, an on-demand pod", pod_s, "s")
    report.figure(group, "Reef, a shared image (zygote)", p50, "s")
    report.at_most("wake in a pack, shared image, p50", p50 * 1000, SHARED_BAR_MS, "ms")
    report.at_most("wake in a pack, own image, of the chart's", own_s / chart_s, OWN_BAR, "")
    report.at_most("wake of an on-demand pod, of the chart's", pod_s / chart_s, ON_DEMAND_BAR, "")


def _chart_ready(world: ReefWorld, member: Member) -> float:
    """Scaled from 0 to 1, until kubelet says Ready."""
    name = f"dagster-user-{member.name}"
    world.k("scale", "deployment", name, "--replicas=0")
    until(lambda: "pod/" not in world.k("get", "pods", "-o", "name"), 120, "for no pod", every_s=0.2)
    began = time.monotonic()
    world.k("scale", "deployment", name, "--replicas=1")
    ready = "--for=jsonpath={.status.readyReplicas}=1"
    world.k("wait", "deployment", name, ready, "--timeout=300s", timeout_s=310)
    return time.monotonic() - began


def _wake(world: ReefWorld, name: str) -> float:
    """It has slept before."""
    until(lambda: not memory.servers(world), 120, "for it to sleep", every_s=0.2)
    return ask(world.address(name))


def _wake_pod(world: ReefWorld, name: str) -> float:
    def no_pod() -> bool:
        return f"reef-{name}" not in world.k("get", "pods", "-o", "name")

    until(no_pod, 240, "for its pod to go", every_s=0.5)
    return ask(world.address(name))
