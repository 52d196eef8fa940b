"""`/metrics` of a pack host: each location's server by owner, though all are in one pod; calls are the gateways'."""

from __future__ import annotations

import os
import signal
import urllib.request
from collections.abc import Callable
from pathlib import Path

from pack_process import Pack, location, packed
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from deadlines import scaled, until

Write = Callable[..., Path]


class Scraped(dict[tuple[str, str], tuple[dict[str, str], float]]):
    """(name, location) -> labels and value; of several the one that is not 0."""

    def __init__(self, pack: Pack) -> None:
        super().__init__()
        url = f"http://127.0.0.1:{pack.health_port}/metrics"
        request = urllib.request.Request(url, headers={"Accept": "application/openmetrics-text"})
        with urllib.request.urlopen(request, timeout=scaled(20)) as reply:
            text = reply.read().decode()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                key = (sample.name, sample.labels.get("location", ""))
                if key not in self or sample.value:
                    self[key] = (sample.labels, sample.value)

    def value(self, name: str, location: str = "") -> float:
        return self.get((name, location), ({}, 0.0))[1]


def test_servers_of_a_pack_by_location_and_owner(code: Write) -> None:
    owned = location("a", code(), owner="finance")
    with packed(owned, location("b", code())) as pack:
        pack.gateway.code_of("a")
        until(lambda: Scraped(pack).value("reef_location_memory_private_bytes", "a") > 1 << 20, 30)
        found = Scraped(pack)
        assert found["reef_location_wakes_total", "a"][0]["reason"] == "ListRepositories"
        assert found["reef_location_state", "a"][0] == {"location": "a", "owner": "finance", "state": "warm"}
        assert found["reef_location_state", "b"][0] == {"location": "b", "owner": "", "state": "asleep"}
        assert found.value("reef_location_cpu_seconds_total", "a") > 0
        assert found.value("reef_location_cold_start_seconds_count", "a") == 1
        assert found["reef_host_info", ""][0]["role"] == "pack"
        assert not [name for name, _ in found if name.startswith("reef_location_calls")]


def test_a_crash_in_a_pack_is_that_of_its_location(code: Write) -> None:
    with packed(location("a", code()), location("b", code())) as pack:
        for name in ("a", "b"):
            pack.gateway.code_of(name)
        (pid,) = pack.children("a")
        os.kill(pid, signal.SIGKILL)
        until(lambda: Scraped(pack).value("reef_location_crashes_total", "a") == 1, 30)
        assert Scraped(pack).value("reef_location_crashes_total", "b") == 0
