"""Five hundred CodeLocations: applied at once, and at rest once each was tried."""

from __future__ import annotations

import time
from typing import Any

from deadlines import until
from kubernetes_bench import Bench
from kubernetes_rest import resting
from lab import memory
from lab.world import ReefWorld, location

AT_ONCE_BAR_S, REST_CPU_BAR, REST_WRITES_BAR = 60.0, 0.05, 1.0
CONTROLLER_BAR_MB, GATEWAY_BAR_MB = 100.0, 150.0
TRIED_S = 1500.0


def many(bench: Bench) -> None:
    """Their image is nowhere, so that it is the control plane's work alone; each is tried in a pod, and refused."""
    count, report = bench.args.many, bench.report
    with bench.world("many") as world:
        objects = [_nowhere(number) for number in range(count)]
        began = time.monotonic()
        world.apply(*objects)
        until(lambda: _right(world, count), 600, "for Services and workspace", every_s=0.5)
        took = time.monotonic() - began
        report.figure(f"{count} CodeLocations at once", "Reef, Services and workspace", took, "s")
        report.at_most("Services and workspace of all", took, AT_ONCE_BAR_S, "s")
        controller = _pss(_leader(world), "controller") / 1e6
        report.at_most("the controller's memory", controller, CONTROLLER_BAR_MB, "MB")
        gateway = _pss(world.pods("gateway")[0], "gateway") / 1e6
        report.at_most("a gateway's memory", gateway, GATEWAY_BAR_MB, "MB")
        until(lambda: _tried(world) == count, TRIED_S, "for each to be tried", every_s=5.0)
        until(lambda: not world.pods("probe"), 240, "for the probes to go", every_s=2.0)
        cores, writes = resting(bench, world, f"{count} CodeLocations at rest")
        report.at_most("the controllers' processor at rest", cores, REST_CPU_BAR, "cores")
        report.at_most("writes at rest", writes, REST_WRITES_BAR, "a second")


def _nowhere(number: int) -> dict[str, Any]:
    found = location(f"many-{number:03d}", "reef.test/nowhere:1", f"team-{number % 9}")
    found["spec"]["imagePullPolicy"] = "Never"
    return found


def _right(world: ReefWorld, count: int) -> bool:
    services = world.k("get", "services", "-o", "name").count("service/many-")
    text = world.k("get", "configmap", "reef-workspace", "-o", "jsonpath={.data}")
    return services == count and text.count("location_name") >= count


def _tried(world: ReefWorld) -> int:
    """Those that wait for a person."""
    text = '{range .items[*]}{.status.conditions[?(@.type=="Stalled")].status}{"\\n"}{end}'
    return world.k("get", "codelocations", "-o", f"jsonpath={text}").count("True")


def _leader(world: ReefWorld) -> dict[str, Any]:
    lease = world.kubectl.json("-n", world.namespace, "get", "lease", "reef-controller")
    holder = lease["spec"]["holderIdentity"].partition("_")[0]
    return next(each for each in world.pods("controller") if each["metadata"]["name"] == holder)


def _pss(pod: dict[str, Any], container: str) -> int:
    status = next(each for each in pod["status"]["containerStatuses"] if each["name"] == container)
    identity = status["containerID"].rpartition("/")[2]
    return sum(memory.pss(pid) for pid in memory.processes_of(pod["metadata"]["uid"], identity))
