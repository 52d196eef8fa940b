"""The main job in a cluster: locations on their own images in one pod, shown by the real webserver, run by the real
launcher, changed and broken while they are served."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from deadlines import scaled, until
from lab import model1
from lab.cluster import Cluster
from lab.fleet import Member
from lab.polling import Polling
from lab.world import CODE, RUN, SAFE, ReefWorld, location

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
NAMES = ("sales", "billing", "web")


def image(name: str, version: int) -> str:
    return f"reef.test/e2e-{name}:{version}"


@pytest.fixture(scope="module")
def world(lab: Cluster) -> Iterator[ReefWorld]:
    namespace = f"reef-e2e-{secrets.token_hex(3)}"
    lab.kubectl.make_namespace(namespace)
    code = {image(name, number): CODE.format(asset=f"{name}_{number}") for name in NAMES for number in (1, 2)}
    code[image("web", 3)] = CODE.format(asset="web_3").replace(
        "return 1", "return __import__('time').sleep(15) or 1"
    )
    code[image("sales", 3)] = "raise RuntimeError('it has no warehouse')\n"
    lab.load_locations(code)
    found = ReefWorld(lab, namespace)
    found.install()
    found.apply(
        location("sales", image("sales", 1)),
        location("billing", image("billing", 1), securityContext={**SAFE, "runAsUser": 10007}),
        location("web", image("web", 1), env=[{"name": "TEAM", "value": "web"}]),
    )
    found.all_ready(NAMES, 240)
    found.dagster_is_up()
    yield found
    lab.kubectl("delete", "namespace", namespace, "--wait=false")


def shows(world: ReefWorld, name: str, asset: str, seconds: float = 120) -> None:
    until(lambda: asset in world.shown().get(name, ()), seconds, f"for {asset} of {name}", every_s=0.5)


def test_all_are_in_one_pod_and_the_webserver_shows_them(world: ReefWorld) -> None:
    for name in NAMES:
        shows(world, name, f"{name}_1")

    def packed() -> bool:
        return all("pack" in world.status(name).get("serving", {}) for name in NAMES)

    until(packed, 120, "for one pack", every_s=0.5)
    until(lambda: len(world.pods("pack")) == 1, 60, "for one pod", every_s=0.5)
    assert not world.pods("probe")
    placed = world.status("sales")["placement"]
    assert placed["chosen"] == "packed"
    assert placed["reason"].endswith(".")


def test_a_run_is_a_job_from_the_locations_own_image(world: ReefWorld) -> None:
    shows(world, "web", "web_1")
    assert world.launch("web") == "SUCCESS"
    jobs = world.kubectl.json("-n", world.namespace, "get", "jobs")["items"]
    container = jobs[-1]["spec"]["template"]["spec"]["containers"][0]
    assert container["image"].partition("@")[0] == image("web", 1)
    assert {"name": "TEAM", "value": "web"} in container["env"]


def test_logs_and_exec_work_by_container(world: ReefWorld) -> None:
    shows(world, "billing", "billing_1")
    assert world.launch("billing") == "SUCCESS"
    pod = world.pods("pack")[0]["metadata"]["name"]
    assert "Started Dagster code server" in world.k("logs", pod, "-c", "billing")
    assert world.k("exec", pod, "-c", "billing", "--", "id", "-u") == "10007\n"


def test_reef_itself_finds_logs_and_runs_commands(world: ReefWorld) -> None:
    shows(world, "billing", "billing_1")
    status = json.loads(world.reef("status", "billing", "--json"))["locations"][0]
    assert (status["ready"], status["container"], status["service"]) == (True, "billing", "reef")
    assert [each["kept"] for each in status["history"]] == [True]
    world.reef("exec", "billing", "--", "sh", "-c", "echo hello-of-billing > /proc/1/fd/1")
    assert "hello-of-billing" in world.reef("logs", "billing", "--lines", "1000")
    assert world.reef("exec", "billing", "--", "id", "-u") == "10007\n"
    assert "this controller leads" in world.reef("logs")


INSIDE = """
import sys, urllib.request
print(urllib.request.urlopen("http://127.0.0.1:3200" + sys.argv[1], timeout=30).read().decode())
"""


def test_the_page_shows_a_packed_location_awake_and_what_it_used(world: ReefWorld) -> None:
    """`reef top` and `reef usage` come by port-forward, as a person's browser does; HTML is asked for in the pod."""
    shows(world, "billing", "billing_1")
    assert world.launch("billing") == "SUCCESS"

    def row() -> dict[str, Any]:
        rows = json.loads(world.reef("top", "--json"))["locations"]
        return next(each for each in rows if each["name"] == "billing")

    def is_warm() -> bool:
        found = row()
        return bool(found["state"] == "warm" and found["pss_bytes"] and found["last_wake"])

    until(is_warm, 120, "for billing to be warm on the page", every_s=1.0)
    found = row()
    assert found["private_bytes"] > 1_000_000
    assert found["wakes"] >= 1
    assert found["calls"] >= 1
    assert found["last_wake"]["why"]
    assert found["placement"] == "packed"
    html = world.k("exec", "deployment/reef-page", "--", "python", "-c", INSIDE, "/location/billing")
    assert "Where it runs, and why" in html
    assert "Started Dagster code server" in html
    assert "Ready=True" in html

    def is_recorded() -> bool:
        try:
            used = json.loads(world.reef("usage", "billing", "--json"))["locations"][0]["used"]
        except AssertionError:  # exit status 2: nothing is written yet
            return False
        return used["whole_bytes"] is not None and used["awake_s"] > 0

    until(is_recorded, 240, "for a minute of the history", every_s=5.0)
    assert "billing" in world.reef("usage")


def test_a_changed_image_is_shown_without_a_failed_call(world: ReefWorld) -> None:
    before = world.versioned("billing")
    pod = world.pods("pack")[0]["metadata"]["uid"]
    with Polling(world.address("billing")) as polling:
        world.apply(location("billing", image("billing", 2), securityContext={**SAFE, "runAsUser": 10007}))
        until(lambda: world.status("billing")["version"] != before, 120, "for the new version", every_s=0.3)
        shows(world, "billing", "billing_2")
    assert polling.failed == []
    assert polling.went_back() == []
    assert len(set(polling.ids)) == 2
    assert world.pods("pack")[0]["metadata"]["uid"] == pod


def test_a_version_that_does_not_load_leaves_the_old_one_serving(world: ReefWorld) -> None:
    before = world.versioned("sales")
    world.apply(location("sales", image("sales", 3)))
    until(lambda: world.condition("sales", "Degraded")["status"] == "True", 120, "for a refusal", every_s=0.5)
    assert "it has no warehouse" in world.condition("sales", "Degraded")["message"]
    assert world.status("sales")["version"] == before
    assert world.condition("sales", "Ready")["status"] == "True"
    shows(world, "sales", "sales_1", 10)
    world.apply(location("sales", image("sales", 2)))
    shows(world, "sales", "sales_2")
    assert world.condition("sales", "Degraded")["status"] == "False"


def test_a_rollback_holds_until_another_image_is_asked_for(world: ReefWorld) -> None:
    newest = world.versioned("sales")
    before = next(
        each["version"]
        for each in world.status("sales")["history"]
        if each["version"] != newest and each["kept"]
    )
    world.reef("rollback", "sales", before)
    shows(world, "sales", "sales_1")
    assert world.status("sales")["pinned"] == before
    world.apply(location("sales", image("sales", 2), owner="team-b"))
    assert world.versioned("sales") == before  # an owner makes no version
    world.apply(location("sales", image("sales", 2), env=[{"name": "NEW", "value": "1"}]))
    shows(world, "sales", "sales_2")
    assert "pinned" not in world.status("sales")


def test_an_image_that_is_nowhere_is_said(world: ReefWorld) -> None:
    world.apply(location("lost", "reef.test/nowhere:1"))
    until(
        lambda: "nowhere" in world.condition("lost", "Ready")["message"], 240, "for the reason", every_s=1.0
    )
    assert world.condition("lost", "Ready")["status"] == "False"
    world.k("delete", "codelocation", "lost")


def test_a_secret_that_is_missing_then_appears_then_changes(world: ReefWorld) -> None:
    env = [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "late", "key": "token"}}}]
    world.apply(location("needy", image("web", 1), env=env))
    until(lambda: "Secret late" in world.condition("needy", "Ready")["message"], 60, "for the reason")
    world.k("create", "secret", "generic", "late", "--from-literal=token=1")
    world.all_ready(["needy"], 120)
    before = world.versioned("needy")
    world.k("patch", "secret", "late", "-p", '{"stringData": {"token": "2"}}')
    until(lambda: world.status("needy").get("version") != before, 120, "for the changed Secret", every_s=0.5)
    assert world.versioned("needy") != before
    world.k("delete", "codelocation", "needy")


def test_two_with_one_name_never_share_traffic(world: ReefWorld) -> None:
    world.apply(location("impostor", image("web", 2), location_name="web"))
    until(lambda: world.condition("impostor", "Stalled")["status"] == "True", 60, "for the conflict")
    assert world.condition("impostor", "Stalled")["reason"] == "Conflict"
    assert "web" in world.condition("impostor", "Stalled")["message"]
    shows(world, "web", "web_1", 10)
    world.k("delete", "codelocation", "impostor")


def test_a_service_changes_hands_and_back_without_a_failed_call(world: ReefWorld) -> None:
    member = Member("legacy", "team-a", image("web", 1))
    world.apply(*model1.standing(member, world.namespace, probe=model1.LIGHT))
    world.k("rollout", "status", "deployment/dagster-user-legacy", "--timeout=120s", timeout_s=scaled(130))
    world.apply(location("legacy", image("web", 1)))
    world.all_ready(["legacy"], 120)
    uid = world.kubectl.json("-n", world.namespace, "get", "service", "legacy")["metadata"]["uid"]
    with Polling(world.address("legacy")) as polling:
        until(lambda: polling.ids, 60, "for the old server")
        assert "legacy: cut over, from the Helm release dagster; it answers" in world.reef(
            "cutover", "legacy"
        )
        until(lambda: len(set(polling.ids)) == 2, 60, "for Reef's server id")
        world.reef("cutover", "--back", "legacy")
        until(lambda: polling.ids[-1] == polling.ids[0], 60, "for the old server again")
    assert polling.failed == []
    assert world.kubectl.json("-n", world.namespace, "get", "service", "legacy")["metadata"]["uid"] == uid
    world.k("delete", "codelocation/legacy", "deployment/dagster-user-legacy", "service/legacy")


def test_a_run_outlives_the_location_that_is_deleted_meanwhile(world: ReefWorld) -> None:
    """It is the last test: nothing is left of web. The run's Job is Dagster's, and Reef may not touch Jobs."""
    world.apply(location("web", image("web", 3), env=[{"name": "TEAM", "value": "web"}]))
    shows(world, "web", "web_3")
    run = world.launched("web")
    until(lambda: run in world.k("get", "jobs", "-o", "name"), 60, "for its Job", every_s=0.2)
    world.k("delete", "codelocation", "web", "--timeout=60s")
    assert world.graphql(RUN, {"r": run})["runOrError"]["status"] in ("STARTING", "STARTED")
    assert world.ended(run) == "SUCCESS"
