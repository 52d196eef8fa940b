"""What a leading controller says of locations, pods and images, and that the cluster's dashboard shows it.

A fake stands for what follows the API server: its objects are written here as the API server has them.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from reefs import free_port
from scraping_prometheus import Prometheus

from deadlines import scaled, until
from reef.cluster.errors import ClusterError
from reef.controller.book import Book, KeptVersion
from reef.controller.known import read_known
from reef.controller.leader_metrics import LeaderMetrics
from reef.controller.metrics import ControllerMetrics
from reef.controller.pulls import Pull, duration_s, pulls
from reef.kube import labels
from reef.kube.seen.reading import deployment_seen, pod_seen, replica_set_seen
from reef.metrics.grafana import dashboards
from reef.peers.health import Health
from reef.peers.messages import ServedNow

CREATED = "2026-11-30T08:00:00Z"
IMAGE = "registry.example/sales:1"
PULLED = (
    f'Successfully pulled image "{IMAGE}@sha256:1" in 12.5s (1m2.5s including waiting). '
    "Image size: 734003200 bytes."
)


def code_location(name: str, status: dict[str, Any], **spec: Any) -> dict[str, Any]:
    asks = {"requests": {"memory": "1Gi", "cpu": "250m"}, "limits": {"memory": "2Gi"}}
    known = {"image": IMAGE, "owner": "finance", "code": {"module": name}, "resources": asks}
    meta = {"name": name, "uid": name, "creationTimestamp": CREATED}
    return {"metadata": meta, "spec": {**known, **spec}, "status": status}


def pod(name: str, own: dict[str, str], container: str, **status: Any) -> dict[str, Any]:
    running = {"name": container, "ready": True, "state": {"running": {"startedAt": "2026-11-30T08:00:20Z"}}}
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-30T08:00:25Z"}
    said = {"phase": "Running", "conditions": [ready], "containerStatuses": [running], **status}
    meta = {"name": name, "creationTimestamp": CREATED, "labels": own}
    return {"metadata": meta, "spec": {"containers": [{"name": container, "image": IMAGE}]}, "status": said}


class Followed:
    """Stands for `Watched`."""

    def __init__(self) -> None:
        served = {"phase": "served", "version": "v1" * 10, "placement": {"chosen": "packed"}}
        self.documents = [
            code_location("sales", {**served, "serving": {"pack": "pack-a-1"}}),
            code_location(
                "own", {**served, "placement": {"chosen": "on_demand"}, "serving": {"deployment": "own"}}
            ),
            code_location("broken", {"phase": "refused"}, owner='o"1'),
        ]
        own = {labels.COMPONENT: "location", labels.LOCATION: "own"}
        probe = {labels.COMPONENT: "probe", labels.LOCATION: "sales"}
        in_pack = pod("pack-a-1-x", {labels.COMPONENT: "pack", labels.PACK: "pack-a-1"}, "sales")
        found = (in_pack, pod("own-7c", own, "server"), pod("probe-1", probe, "location"))
        self.pods = SimpleNamespace(objects={each["metadata"]["name"]: each for each in found})

    def known(self) -> list[Any]:
        return [read_known(each) for each in self.documents]

    def pods_seen(self) -> list[Any]:
        return [pod_seen(each) for each in self.pods.objects.values()]

    def sets_seen(self, pods: list[Any]) -> list[Any]:
        note = {labels.CONTENTS: '{"sales":["",{"sales":""}]}'}
        return [replica_set_seen({"metadata": {"name": "pack-a-1", "annotations": note}}, pods)]

    def deployments_seen(self) -> dict[str, Any]:
        return {"own": deployment_seen({"metadata": {"name": "own"}, "status": {"availableReplicas": 1}})}


class Books:
    """Stands for the library."""

    def of(self, name: str) -> Book:
        served = ServedNow(server_id="id", snapshot="d", version="v1")
        kept = KeptVersion(
            version="v1",
            image=IMAGE,
            pinned=f"{IMAGE}@sha256:1",
            digest="",
            spec={},
            served=served,
            recorded_at=5.0,
        )
        return Book(name=name, version="v1", kept={"v1": kept}) if name != "broken" else Book(name=name)


class Kubelet:
    """Stands for the client: events are all that is asked of it."""

    def __init__(self) -> None:
        self.asked = 0
        self.away = False
        self.messages: tuple[str, ...] = (PULLED,)

    @contextlib.contextmanager
    def asking_for(self, _seconds: float) -> Iterator[None]:
        yield

    async def list(self, _kind: Any, _namespace: str, fields: str) -> Any:
        assert fields == "reason=Pulled"
        self.asked += 1
        if self.away:
            raise ClusterError("away")
        return SimpleNamespace(items=[{"message": each, "lastTimestamp": CREATED} for each in self.messages])


def leading(kubelet: Kubelet | None = None) -> ControllerMetrics:
    metrics = ControllerMetrics()
    followed: list[Any] = [Followed(), Books(), kubelet or Kubelet()]
    metrics.lead(LeaderMetrics(*followed, "dagster"))
    return metrics


async def samples(metrics: ControllerMetrics) -> dict[tuple[str, str], tuple[dict[str, str], float]]:
    """(name, location) -> labels and value; of several the one that is not 0."""
    _, body = await metrics.metrics.render()
    found: dict[tuple[str, str], tuple[dict[str, str], float]] = {}
    for family in text_string_to_metric_families(body.decode()):
        for sample in family.samples:
            key = (sample.name, sample.labels.get("location", ""))
            if key not in found or sample.value:
                found[key] = (dict(sample.labels), sample.value)
    return found


def test_what_a_leader_says() -> None:
    found = asyncio.run(samples(leading()))
    info, _ = found["reef_location_info", "own"]
    assert (info["owner"], info["placement"], info["version"]) == ("finance", "on_demand", "v1v1v1v1v1v1")
    assert found["reef_location_memory_request_bytes", "sales"][1] == 1 << 30
    assert found["reef_location_cpu_request_cores", "sales"][1] == 0.25
    assert found["reef_location_pod_memory_limit_bytes", "own"][1] == 2 << 30
    assert found["reef_location_load_failed", "broken"] == ({"location": "broken", "owner": 'o"1'}, 1)
    assert found["reef_location_load_failed", "sales"][1] == 0
    assert found["reef_location_image_pull_seconds", "sales"][1] == 12.5
    assert found["reef_location_image_size_bytes", "sales"][1] == 734003200
    assert found["reef_location_container_start_seconds", "sales"][1] == 20
    assert found["reef_location_pod_ready_seconds", "own"][1] == 25
    assert found["reef_location_pod_info", "own"][0]["location_pod"] == "own-7c"
    assert found["reef_location_state", "own"][0]["state"] == "warm"
    assert found["reef_controller_leads", ""][1] == 1


def test_what_pack_hosts_say_is_not_said_twice() -> None:
    found = asyncio.run(samples(leading()))
    assert ("reef_location_state", "sales") not in found
    assert ("reef_location_pod_info", "sales") not in found
    assert ("reef_location_memory_pss_bytes", "own") not in found


def test_who_does_not_lead_says_only_what_it_is() -> None:
    metrics = leading()
    metrics.rest()
    found = asyncio.run(samples(metrics))
    assert found["reef_controller_leads", ""][1] == 0
    assert not [name for name, location in found if location]


def test_kubelet_is_asked_once_a_minute_and_may_be_away() -> None:
    kubelet = Kubelet()

    async def twice() -> None:
        metrics = leading(kubelet)
        assert ("reef_location_image_pull_seconds", "sales") in await samples(metrics)
        kubelet.away = True
        assert ("reef_location_image_pull_seconds", "sales") in await samples(metrics)

    asyncio.run(twice())
    assert kubelet.asked == 1
    assert ("reef_location_info", "sales") in asyncio.run(samples(leading(kubelet)))


def test_a_pull_is_known_for_as_long_as_a_version_that_is_kept_has_its_image(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Kubelet's events are gone by then."""
    monkeypatch.setattr("reef.controller.leader_metrics.PULLS_EVERY_S", 0.0)
    kubelet = Kubelet()
    kubelet.messages += (PULLED.replace("sales:1", "old:1"),)
    followed: list[Any] = [Followed(), Books(), kubelet]
    leader = LeaderMetrics(*followed, "dagster")

    async def looks() -> None:
        await leader.look()
        assert set(leader._pulls) == {f"{IMAGE}@sha256:1", "registry.example/old:1@sha256:1"}
        kubelet.messages = ()
        await leader.look()
        assert set(leader._pulls) == {f"{IMAGE}@sha256:1"}

    asyncio.run(looks())
    assert kubelet.asked == 2


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("850ms", 0.85),
        ("1m2.5s", 62.5),
        ("1h0m1s", 3601),
        ("12.5s", 12.5),
        ("5", None),
        ("1.2.3s", None),
        ("", None),
    ],
)
def test_a_duration_as_go_writes_it(text: str, seconds: float | None) -> None:
    assert duration_s(text) == seconds


def test_the_newest_pull_counts_and_an_older_kubelet_says_no_size() -> None:
    said = f'Successfully pulled image "{IMAGE}" in 2s (2s including waiting)'
    events = [
        {"message": said, "lastTimestamp": "2026-11-30T09:00:00Z"},
        {"message": said.replace("2s", "9s"), "lastTimestamp": "2026-11-30T08:00:00Z"},
        {"message": "Container image is already present"},
        {},
    ]
    assert pulls(events) == {IMAGE: Pull(2.0, None)}


@pytest.fixture
def address() -> Iterator[str]:
    """Of a controller's port `health`, in a thread of its own."""
    port, ends, listens = free_port(), threading.Event(), threading.Event()

    async def answer() -> None:
        health = Health({}, leading().metrics.render)
        await health.open("127.0.0.1", port)
        listens.set()
        await asyncio.to_thread(ends.wait)
        await health.aclose()

    thread = threading.Thread(target=lambda: asyncio.run(answer()))
    thread.start()
    assert listens.wait(scaled(20))
    yield f"127.0.0.1:{port}"
    ends.set()
    thread.join()


def test_the_dashboard_of_the_cluster_shows_it(tmp_path: Path, address: str) -> None:
    """What pack hosts and kubelet would say is missing here, so panels of use are asked for no data but must be
    queries."""
    prometheus = Prometheus(tmp_path / "p", [address])
    try:
        of_use = {"Least use of requested memory", "Least use of requested processors"}
        queries = {
            (panel.title, query.legend): query.expr.replace("$owner", ".*").replace("$__rate_interval", "10s")
            for row in dashboards()["cluster"].rows
            for panel in row.panels
            for query in panel.queries
        }
        wanted = {
            title: expr
            for (title, legend), expr in queries.items()
            if title not in of_use and legend != "used"
        }
        until(lambda: all(prometheus.numbers(expr) for expr in wanted.values()), 40, f"for data of {wanted}")
        for expr in queries.values():
            prometheus.ask(expr)
    finally:
        prometheus.end()
