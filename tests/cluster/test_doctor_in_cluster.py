"""`reef doctor --in-cluster`: real pods of real images, with the limits that locations have. Reef is installed, Dagster
is not: nothing need be served."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from deadlines import until
from lab.cluster import Cluster
from lab.world import CODE, ReefWorld, location

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
HEAVY = """
import dagster as dg
import kubernetes.client


@dg.asset
def orders() -> int:
    return len(kubernetes.client.__all__ if hasattr(kubernetes.client, "__all__") else [])


defs = dg.Definitions(assets=[orders])
"""
HUNGRY = "ballast = b'x' * (900 << 20)\n"


def image(name: str) -> str:
    return f"reef.test/doctor-{name}:1"


@pytest.fixture(scope="module")
def world(lab: Cluster) -> Iterator[ReefWorld]:
    namespace = f"reef-doctor-{secrets.token_hex(3)}"
    lab.kubectl.make_namespace(namespace)
    lab.load_locations(
        {image("heavy"): HEAVY, image("hungry"): HUNGRY, image("light"): CODE.format(asset="light")}
    )
    found = ReefWorld(lab, namespace)
    found.install(dagster=False)
    found.apply(
        location("heavy", image("heavy")),
        location("hungry", image("hungry"), resources={"limits": {"memory": "500Mi"}}),
        location("lost", "reef.test/nowhere:1"),
    )
    yield found
    lab.kubectl("delete", "namespace", namespace, "--wait=false")


def test_each_is_examined_in_its_image_and_one_hinders_no_other(world: ReefWorld) -> None:
    report = json.loads(world.reef("doctor", "--in-cluster", "--json"))
    by_name: dict[str, Any] = {each["location"]: each for each in report["diagnoses"]}
    found = next(each for each in by_name["heavy"]["findings"] if each["kind"] == "import")
    assert (found["file"], found["line"], found["needed"]) == ("/opt/app/defs.py", 3, "run")
    assert found["costs"]["private_bytes"] > 5e6
    (trouble,) = by_name["hungry"]["trouble"]
    assert "memory limit" in trouble["message"]
    assert (trouble["file"], trouble["line"]) == ("/opt/app/defs.py", 1)
    (trouble,) = by_name["lost"]["trouble"]
    assert "nowhere" in trouble["message"]
    until(lambda: not world.pods("doctor"), 120, "for the end of the pods")
    assert world.k("get", "jobs", "-o", "name") == ""
    kept = world.kubectl.json("-n", world.namespace, "get", "configmap", "reef-doctor-heavy-last")
    assert "/opt/app/defs.py:3" in kept["data"]["diagnosis.json"]


def test_what_got_heavier_since_an_image(world: ReefWorld) -> None:
    report = json.loads(world.reef("doctor", "heavy", "--in-cluster", "--since", image("light"), "--json"))
    (diagnosis,) = report["diagnoses"]
    assert [(each["file"], each["line"]) for each in diagnosis["findings"]] == [("/opt/app/defs.py", 3)]
    report = json.loads(world.reef("doctor", "heavy", "--in-cluster", "--since", image("heavy"), "--json"))
    assert report["diagnoses"][0]["findings"] == []
