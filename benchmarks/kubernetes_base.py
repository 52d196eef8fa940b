"""The base image changed under all locations, in a cluster with little room: Reef's waves beside all rollouts."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from deadlines import until
from kubernetes_bench import Bench, addresses, of, pack, stand
from kubernetes_calls import Callers
from lab import images, model1
from lab.fleet import Member
from lab.world import ReefWorld
from reef.kube.quantities import quantity

BAR, CALLS = 1 / 3, 20_000
ROOM = 0.1  # of the pods of the other side
POD_MEMORY = 128 << 20  # what one of those requests


def base_image(bench: Bench) -> None:
    """All images are others. Callers poll and tick meanwhile, as webserver and daemon do."""
    members, newer, calls = bench.members(), bench.members(2), bench.args.calls
    spare = max(1, round(len(members) * ROOM))
    with bench.world("base-standing", reef=False) as world:
        stand(world, members, model1.PROBE, POD_MEMORY)
        _fill(world, spare)
        standing_s, theirs = _timed(world, members, lambda: _roll(world, newer), calls)
    with bench.world("base-packed") as world:
        pack(world, members)
        _fill(world, spare)
        reef_s, ours = _timed(world, members, lambda: _promote(world, newer), calls)
    report, group = bench.report, f"the base image changed under {len(members)} locations"
    report.figure(group, "a pod for each, all rolled out", standing_s, "s")
    report.figure(group, "Reef, all promoted", reef_s, "s")
    for label, callers in (("a pod for each", theirs), ("Reef", ours)):
        report.figure(group, f"{label}, calls", callers.calls, "calls")
        report.figure(group, f"{label}, failed", sum(callers.failed.values()), "calls")
        report.figure(group, f"{label}, slowest poll", callers.slowest_s, "s")
        report.notes += [f"{label}: {times} times {why}" for why, times in callers.failed.most_common(5)]
    report.at_most("the base image changed, of the rollouts' time", reef_s / standing_s, BAR, "")
    report.at_most("failed calls meanwhile", sum(ours.failed.values()), 0, "calls")
    report.at_least("calls meanwhile", ours.calls, CALLS, "calls")
    report.notes.append(f"room for {spare} more pods of {POD_MEMORY >> 20} MiB; the chart's own probe")


def _timed(
    world: ReefWorld, members: Sequence[Member], work: Callable[[], None], calls: int
) -> tuple[float, Callers]:
    """Seconds of `work`; callers go on until there were so many calls."""
    with Callers(addresses(world, members)) as callers:
        until(lambda: callers.calls > 2 * len(members), 120, "for the callers", every_s=0.5)
        began = time.monotonic()
        work()
        took = time.monotonic() - began
        until(lambda: callers.calls >= calls, 900, "for the calls", every_s=1.0)
    return took, callers


def _roll(world: ReefWorld, newer: Sequence[Member]) -> None:
    """All Deployments at once, each with the surge that Kubernetes gives it (25 %: one pod)."""
    made = [
        each
        for one in newer
        for each in model1.standing(one, world.namespace, memory=POD_MEMORY)
        if each["kind"] == "Deployment"
    ]
    world.kubectl.apply(*made)
    for one in newer:
        name = f"deployment/dagster-user-{one.name}"
        world.k("rollout", "status", name, "--timeout=1200s", timeout_s=1210)


def _promote(world: ReefWorld, newer: Sequence[Member]) -> None:
    before = _versions(world)
    world.apply(*(of(each, placement="packed") for each in newer))

    def promoted() -> bool:
        now = _versions(world)
        return all(now[each.name] != before[each.name] for each in newer)

    until(promoted, 1200, "for all to be promoted", every_s=0.5)


def _versions(world: ReefWorld) -> dict[str, str]:
    found = world.kubectl.json("-n", world.namespace, "get", "codelocations")["items"]
    return {each["metadata"]["name"]: each["status"]["version"] for each in found}


# -- room -------------------------------------------------------------------------------------------------


def _fill(world: ReefWorld, spare: int) -> None:
    """A pod on each node requests the memory that is left, but for so many pods of the other side in all."""
    nodes = {each["metadata"]["name"]: each for each in world.kubectl.json("get", "nodes")["items"]}
    requested: Counter[str] = Counter()
    for pod in world.kubectl.json("get", "pods", "-A")["items"]:
        if pod["status"]["phase"] in ("Pending", "Running") and (node := pod["spec"].get("nodeName")):
            requested[node] += _requests(pod)
    made = []
    for number, (name, node) in enumerate(sorted(nodes.items())):
        share = spare // len(nodes) + (number < spare % len(nodes))
        free = int(quantity(node["status"]["allocatable"]["memory"]) or 0) - requested[name]
        made.append(_ballast(world, name, free - share * POD_MEMORY))
    world.kubectl.apply(*made)
    ready = "--for=condition=Ready"
    world.k("wait", "pod", "-l", "app=ballast", ready, "--timeout=120s", timeout_s=130)


def _requests(pod: dict[str, Any]) -> int:
    """As the scheduler counts it, without sidecars: the sum of the containers, or the most of an init container."""
    spec = pod["spec"]
    sizes = {
        kind: [
            int(quantity(each.get("resources", {}).get("requests", {}).get("memory")) or 0)
            for each in spec.get(kind, ())
        ]
        for kind in ("containers", "initContainers")
    }
    return max(sum(sizes["containers"]), *sizes["initContainers"], 0)


def _ballast(world: ReefWorld, node: str, size: int) -> dict[str, Any]:
    container = {
        "name": "pause",
        "image": images.PAUSE,
        "imagePullPolicy": "Never",
        "resources": {"requests": {"memory": str(size)}},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"ballast-{node}",
            "namespace": world.namespace,
            "labels": {"app": "ballast"},
        },
        "spec": {
            "nodeSelector": {"kubernetes.io/hostname": node},
            "terminationGracePeriodSeconds": 1,
            "automountServiceAccountToken": False,
            "containers": [container],
        },
    }
