"""What locations, nodes and upgrades do to Reef: a limit that is passed, floods, a pause, an older client, a new Reef,
a node whose power fails."""

from __future__ import annotations

import json
import secrets
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import pytest

from deadlines import scaled, until
from lab.bringing import lose_node, start_node
from lab.cluster import Cluster
from lab.kubectl import KubectlError
from lab.polling import Polling
from lab.world import CODE, SAFE, VALUES, ReefWorld, location
from older_dagster import older_python
from reef.kube.labels import PAUSED
from reef.wire.lanes import path_of

OLDER_CLIENT = """
import sys, dagster
from dagster._grpc.client import DagsterGrpcClient
host, port = sys.argv[1].split(":")
client = DagsterGrpcClient(host=host, port=int(port))
print(dagster.__version__, client.get_server_id() != "", bool(client.list_repositories()))
"""
NEXT = "reef.test/reef:2"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def image(version: int) -> str:
    return f"reef.test/trouble:{version}"


def alpha() -> dict[str, object]:
    return location("alpha", image(1), placement="packed", resources={"limits": {"memory": "600Mi"}})


def beta(version: int = 1) -> dict[str, object]:
    """Another user, so another container."""
    return location("beta", image(version), placement="packed", securityContext={**SAFE, "runAsUser": 10009})


@pytest.fixture(scope="module")
def world(lab: Cluster) -> Iterator[ReefWorld]:
    namespace = f"reef-trouble-{secrets.token_hex(3)}"
    lab.kubectl.make_namespace(namespace)
    lab.load_locations({image(number): CODE.format(asset=f"made_{number}") for number in (1, 2)})
    found = ReefWorld(lab, namespace)
    found.install(dagster=False)
    found.apply(alpha(), beta())
    found.all_ready(["alpha", "beta"], 240)
    yield found
    lab.kubectl("delete", "namespace", namespace, "--wait=false")


class Calling:
    """Calls that must reach a code server, one after the other, within its block. `failed` is what they said."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._call, daemon=True)
        self.done = 0
        self.failed: list[str] = []

    def _call(self) -> None:
        while not self._stop.is_set():
            try:
                if asked(self._target, 60):
                    self.done += 1
            except grpc.RpcError as error:
                self.failed.append(f"{error.code().name}: {error.details()}")  # type: ignore[attr-defined]


@contextmanager
def calling(target: str) -> Iterator[Calling]:
    found = Calling(target)
    found._thread.start()
    try:
        yield found
    finally:
        found._stop.set()
        found._thread.join()


def asked(target: str, seconds: float) -> bool:
    """A question that no recorded answer has, so that the location's own server answers it; that it finds the question
    empty is its answer. Raises grpc.RpcError."""
    with grpc.insecure_channel(target) as channel:
        call = channel.unary_unary(path_of("ExternalPartitionNames"), None, None)
        try:
            call(b"", timeout=scaled(seconds))
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.UNKNOWN:  # type: ignore[attr-defined]
                raise
    return True


def restarts(world: ReefWorld) -> dict[str, int]:
    statuses = world.pods("pack")[0]["status"]["containerStatuses"]
    return {each["name"]: each["restartCount"] for each in statuses}


def inside(world: ReefWorld, container: str, script: str) -> str:
    pod = world.pods("pack")[0]["metadata"]["name"]
    return world.k("exec", pod, "-c", container, "--", "sh", "-c", script)


def test_a_container_over_its_memory_limit_is_its_own_trouble(world: ReefWorld) -> None:
    before = restarts(world)
    assert asked(world.address("alpha"), 60)
    with Polling(world.address("beta")) as polling, calling(world.address("beta")) as calls:
        with pytest.raises(KubectlError):
            inside(world, "alpha", "python3 -c 'held = bytearray(2 << 30); print(len(held))'")
        until(lambda: calls.done > 3, 60, "for calls of the other one")
    assert (polling.failed, calls.failed) == ([], [])
    after = restarts(world)
    assert {name: after[name] - before[name] for name in ("beta", "reef")} == {"beta": 0, "reef": 0}
    assert asked(world.address("alpha"), 120)


def test_a_location_that_forks_and_fills_its_disk_hinders_no_other(world: ReefWorld) -> None:
    """Neither is bounded by this cluster: what a pod's limit on processes and on ephemeral storage would do, kubelet
    does."""
    with Polling(world.address("beta")) as polling, calling(world.address("beta")) as calls:
        inside(
            world,
            "alpha",
            "for each in $(seq 200); do sleep 30 & done; dd if=/dev/zero of=/tmp/full bs=1M count=200",
        )
        done = calls.done
        until(lambda: calls.done > done + 3, 60, "for calls of the other one")
    assert (polling.failed, calls.failed) == ([], [])
    assert "full" not in inside(world, "beta", "ls /tmp")
    inside(world, "alpha", "rm /tmp/full")
    assert asked(world.address("alpha"), 60)


def test_a_paused_location_is_left_as_it_is(world: ReefWorld) -> None:
    """What is asked for meanwhile is tried when it goes on; another one that is changed after it is promoted."""
    before = world.versioned("alpha")
    world.k("annotate", "codelocation", "alpha", f"{PAUSED}=true")
    until(lambda: world.status("alpha").get("phase") == "paused", 60, "for the pause", every_s=0.2)
    patch = {"spec": {"image": image(2), "placement": "on_demand"}}
    world.k("patch", "codelocation", "alpha", "--type=merge", "-p", json.dumps(patch))
    other = world.versioned("beta")
    world.apply(beta(2))
    until(lambda: world.status("beta").get("version") != other, 180, "for the other one", every_s=0.5)
    status = world.status("alpha")
    assert (status["version"], status["placement"]["chosen"]) == (before, "packed")
    tried = [pod["metadata"]["labels"].get("dagster-reef.io/location") for pod in world.pods("probe")]
    assert "alpha" not in tried
    assert world.condition("alpha", "Ready")["status"] == "True"
    assert asked(world.address("alpha"), 60)
    world.k("annotate", "codelocation", "alpha", f"{PAUSED}-")
    until(lambda: world.status("alpha").get("version") != before, 240, "for the version", every_s=0.5)
    until(lambda: world.status("alpha")["placement"]["chosen"] == "on_demand", 60, "for its place")
    world.apply(alpha(), beta())
    until(lambda: world.status("alpha").get("version") == before, 180, "for the first version", every_s=0.5)
    until(lambda: "pack" in world.status("alpha").get("serving", {}), 180, "for the pack", every_s=0.5)
    world.versioned("beta", 180)


def test_a_person_wakes_a_location_and_lets_it_sleep(world: ReefWorld) -> None:
    """In a pack by its host; on demand by the scale of its Deployment."""
    for name in ("alpha", "beta"):
        until(lambda name=name: "asleep" in world.reef("sleep", name), 60, f"for the sleep of {name}")  # type: ignore[misc]
    assert world.reef("wake", "alpha", "beta") == "alpha: warm\nbeta: warm\n"
    world.apply({**beta(2), "spec": {**beta(2)["spec"], "placement": "on_demand"}})  # type: ignore[dict-item]
    until(
        lambda: "deployment" in world.status("beta").get("serving", {}), 180, "for its own pod", every_s=0.5
    )
    assert json.loads(world.reef("wake", "beta", "--json"))["state"] == "warm"
    assert world.pods("location")
    until(lambda: "asleep" in world.reef("sleep", "beta"), 60, "for its sleep", every_s=0.5)
    until(lambda: not world.pods("location"), 60, "for the end of its pod", every_s=0.5)
    assert asked(world.address("beta"), 120)
    world.apply(beta(2))
    until(lambda: "pack" in world.status("beta").get("serving", {}), 180, "for the pack", every_s=0.5)


def test_a_client_of_an_older_dagster_is_answered(world: ReefWorld) -> None:
    said = subprocess.run(
        [older_python(), "-c", OLDER_CLIENT, world.address("beta")],
        capture_output=True,
        text=True,
        timeout=scaled(120),
    )
    assert said.returncode == 0, said.stderr
    _, has_id, listed = said.stdout.split()
    assert (has_id, listed) == ("True", "True")


def test_an_upgrade_of_the_chart_fails_no_call(world: ReefWorld) -> None:
    """The next Reef is this one under another version and image: what differs between releases, this cannot show."""
    world.lab.load_reef(NEXT, version="0.1.1")
    pack = world.pods("pack")[0]["metadata"]["uid"]
    values = {**VALUES, "image": {"repository": "reef.test/reef", "tag": "2"}, "crds": {"install": False}}
    with Polling(world.address("beta")) as polling, calling(world.address("beta")) as calls:
        world.helm("upgrade", "reef", values=values)
        for name in ("reef-controller", "reef-gateway"):
            world.k("rollout", "status", f"deployment/{name}", "--timeout=240s", timeout_s=scaled(250))

        def packed_anew() -> bool:
            pods = world.pods("pack")
            return len(pods) == 1 and pods[0]["metadata"]["uid"] != pack

        until(packed_anew, 300, "for the pack of the next Reef", every_s=1.0)
        done = calls.done
        until(lambda: calls.done > done + 3, 120, "for calls there")
    assert (polling.failed, calls.failed) == ([], [])
    assert polling.went_back() == []
    assert "0.1.1" in world.k("exec", "deploy/reef-gateway", "--", "reef", "--version")


def test_a_node_that_is_lost_takes_no_location_with_it(world: ReefWorld, lab: Cluster) -> None:
    """The node of the pack; its image is on the other one. How long each answers late is counted from the loss.

    Tests reach Services through the first node alone, so here the Service's endpoints that are left are asked, as the
    other node's kube-proxy does.
    """
    where = world.pods("pack")[0]["spec"]["nodeName"]
    lost = next(machine for machine in lab.nodes if machine.name == where)
    began = time.monotonic()
    lose_node(lab, lost)
    try:
        took = {name: _answers_after(world, name, where, began) for name in ("alpha", "beta")}
    finally:
        start_node(lab, lost)
    print(f"answered after the loss of {where}: {', '.join(f'{each:.0f} s' for each in took.values())}")
    assert max(took.values()) <= scaled(60)


def _answers_after(world: ReefWorld, name: str, lost: str, began: float) -> float:
    """In seconds since `began`: as a daemon asks, again and again."""

    def answers() -> bool:
        try:
            return any(asked(target, 15) for target in _left(world, name, lost))
        except (grpc.RpcError, KubectlError):
            return False

    until(answers, 180, f"for an answer of {name}", every_s=0.5)
    return time.monotonic() - began


def _left(world: ReefWorld, name: str, lost: str) -> list[str]:
    """Endpoints of its Service that are ready, once none of the lost node's is."""
    label = f"kubernetes.io/service-name={name}"
    (found,) = world.kubectl.json("-n", world.namespace, "get", "endpointslices", "-l", label)["items"]
    ready = [each for each in found["endpoints"] if each["conditions"]["ready"]]
    if any(each["nodeName"] == lost for each in ready):
        return []
    port = found["ports"][0]["port"]
    return [f"{each['addresses'][0]}:{port}" for each in ready]


def test_a_drained_node_fails_no_call(world: ReefWorld) -> None:
    """Calls wait for the pack's next pod. Only pods of this Reef are evicted: the rest of the cluster serves tests."""
    pod = world.pods("pack")[0]
    where = pod["spec"]["nodeName"]
    with Polling(world.address("beta")) as polling, calling(world.address("beta")) as calls:
        try:
            mine = "--pod-selector=app.kubernetes.io/part-of=reef"
            drain = ("drain", where, mine, "--delete-emptydir-data", "--ignore-daemonsets", "--force")
            world.kubectl(*drain, "--timeout=180s", timeout_s=scaled(190))
            until(
                lambda: [each["spec"]["nodeName"] for each in world.pods("pack")] not in ([], [where]),
                60,
                "for its pod elsewhere",
            )
            done = calls.done
            until(lambda: calls.done > done + 3, 120, "for calls on the other node")
        finally:
            world.kubectl("uncordon", where)
    assert (polling.failed, calls.failed) == ([], [])
    assert polling.went_back() == []
