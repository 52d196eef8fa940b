"""What Reef does while nothing happens: processor time, and writes to the API server."""

from __future__ import annotations

import re
import time
from collections import Counter

from kubernetes_bench import Bench, cpu_of
from lab.kubectl import Kubectl
from lab.world import ReefWorld
from reef.cluster.lease import RENEW_S

REST_S = 60.0
PARTS = ("controller", "gateway", "pack")
_WRITES = re.compile(r"^apiserver_request_total\{(?P<labels>[^}]*)\} (?P<value>[0-9.e+]+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_VERBS = ("POST", "PUT", "PATCH", "APPLY", "DELETE")
# The cluster's own programs renew leases all the time and ask for tokens; Reef's own lease is counted by its interval.
_NOT_REEFS = ("leases", "ipaddresses", "tokenreviews", "subjectaccessreviews", "serviceaccounts", "nodes")


def resting(bench: Bench, world: ReefWorld, group: str) -> tuple[float, float]:
    """(cores of the controllers, writes a second), over a minute in which nobody calls."""
    before = {each: cpu_of(world, each) for each in PARTS}
    written_before, began = writes(world.kubectl), time.monotonic()
    time.sleep(REST_S)
    took, told = time.monotonic() - began, writes(world.kubectl) - written_before
    cores = {each: (cpu_of(world, each) - before[each]) / took for each in PARTS}
    for each, found in cores.items():
        bench.report.figure(group, f"Reef, {each}: processor", found, "cores")
    written = sum(told.values()) / took + 1 / RENEW_S
    bench.report.figure(group, "Reef, writes to the API server", written, "a second")
    if told:
        bench.report.notes.append(f"{group}: written in {took:.0f} s, besides the lease: {dict(told)}")
    return cores["controller"], written


def writes(kubectl: Kubectl) -> Counter[str]:
    """Resource and verb -> requests that changed something, so far, by whoever."""
    found: Counter[str] = Counter()
    for match in _WRITES.finditer(kubectl("get", "--raw", "/metrics")):
        labels = dict(_LABEL.findall(match["labels"]))
        verb, resource = labels.get("verb", ""), labels.get("resource", "")
        token = labels.get("subresource", "").startswith("token")
        if verb in _VERBS and resource and resource not in _NOT_REEFS and not token:
            found[f"{verb} {resource}"] += int(float(match["value"]))
    return found
