"""What clusters do to Reef: processes are killed, API server and database go away, containers look around."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import grpc
import pytest

from deadlines import scaled, until
from lab.cluster import Cluster
from lab.killing import kill
from lab.kubectl import KubectlError
from lab.polling import Polling
from lab.world import CODE, SAFE, ReefWorld, location
from reef.wire.lanes import path_of

WITHOUT_CERTIFICATE = """
import socket, ssl
context = ssl._create_unverified_context()
with context.wrap_socket(socket.create_connection(("127.0.0.1", 7443))) as peer:
    peer.send(b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n")
    if not peer.recv(1):
        raise SystemExit("nothing")
"""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def image(version: int) -> str:
    return f"reef.test/faults:{version}"


@pytest.fixture(scope="module")
def world(lab: Cluster) -> Iterator[ReefWorld]:
    namespace = f"reef-faults-{secrets.token_hex(3)}"
    lab.kubectl.make_namespace(namespace)
    lab.load_locations({image(number): CODE.format(asset=f"made_{number}") for number in (1, 2, 3)})
    found = ReefWorld(lab, namespace)
    found.install(dagster=False)
    found.apply(
        location("alpha", image(1), placement="packed"),
        location("beta", image(1), placement="packed", securityContext={**SAFE, "runAsUser": 10009}),
    )
    found.all_ready(["alpha", "beta"], 240)
    yield found
    lab.kubectl("delete", "namespace", namespace, "--wait=false")


def reached(target: str, timeout_s: float = 60) -> bool:
    """Whether a location's code server was asked something; what it says of an empty question does not matter."""
    with grpc.insecure_channel(target) as channel:
        call = channel.unary_unary(path_of("ExternalPartitionNames"), None, None)
        try:
            call(b"", timeout=scaled(timeout_s), wait_for_ready=True)
        except grpc.RpcError as error:
            return bool(error.code() is grpc.StatusCode.UNKNOWN)  # type: ignore[attr-defined]
    return True


def test_a_killed_gateway_fails_nobody_for_long(world: ReefWorld) -> None:
    with Polling(world.address("alpha")) as polling:
        kill(world, world.pods("gateway")[0], "gateway")
        until(lambda: len(polling.ids) > 50, 60, "for answers")
        until(lambda: len(world.pods("gateway")) == 2, 60, "for both")
    assert polling.went_back() == []
    assert len(set(polling.ids)) == 1


def test_a_killed_pack_host_takes_its_servers_up_again(world: ReefWorld) -> None:
    assert reached(world.address("alpha"))
    kill(world, world.pods("pack")[0], "reef")
    assert reached(world.address("alpha"))
    assert reached(world.address("beta"))


def test_a_killed_container_is_its_own_trouble(world: ReefWorld) -> None:
    pod = world.pods("pack")[0]
    kill(world, pod, "alpha")
    assert reached(world.address("beta"))
    assert reached(world.address("alpha"))
    after = world.pods("pack")[0]
    counts = {each["name"]: each["restartCount"] for each in after["status"]["containerStatuses"]}
    before = {each["name"]: each["restartCount"] for each in pod["status"]["containerStatuses"]}
    assert counts["beta"] == before["beta"]


def test_a_killed_leader_leaves_nothing_half_done(world: ReefWorld) -> None:
    before = world.versioned("beta")
    world.apply(location("beta", image(2), placement="packed", securityContext={**SAFE, "runAsUser": 10009}))
    until(lambda: world.pods("probe"), 60, "for the probe", every_s=0.2)
    for pod in world.pods("controller"):
        kill(world, pod, "controller")
    until(lambda: world.status("beta").get("version") != before, 180, "for the new version", every_s=0.5)
    until(lambda: not world.pods("probe"), 60, "for the probe to go", every_s=0.5)


def test_serving_and_waking_go_on_without_the_api_server(world: ReefWorld) -> None:
    target = world.address("alpha")
    beta = world.address("beta")
    with world.lab.control.without("kube-apiserver"), Polling(target) as polling:
        until(lambda: len(polling.ids) > 200, 60, "for answers")
        assert reached(beta)
    assert polling.failed == []

    def answers() -> bool:
        try:
            return bool(world.pods("controller"))
        except KubectlError:
            return False

    until(answers, 90, "for the API server")


def test_a_database_that_is_lost_is_filled_again(world: ReefWorld) -> None:
    """Its data is in an emptyDir: a new pod has nothing."""
    shown = world.versioned("alpha")
    with Polling(world.address("alpha")) as polling:
        world.k("delete", "pod", "-l", "app=dagster-postgresql", "--force", "--grace-period=0")
        world.k("rollout", "status", "deployment/dagster-postgresql", "--timeout=120s", timeout_s=scaled(130))
        for pod in world.pods("controller"):
            kill(world, pod, "controller")
        until(lambda: world.status("alpha").get("version") == shown, 180, "for its version", every_s=0.5)
        world.apply(location("alpha", image(3), placement="packed"))
        until(lambda: len(set(polling.ids)) == 2, 240, "for the new version", every_s=0.5)
    assert polling.failed == []
    assert polling.went_back() == []


def test_no_container_reaches_another_ones_files_or_processes(world: ReefWorld) -> None:
    pod = world.pods("pack")[0]["metadata"]["name"]

    def inside(*command: str) -> str:
        return world.k("exec", pod, "-c", "alpha", "--", *command)

    assert inside("ls", "/reef/run").split() == ["alpha"]
    with pytest.raises(KubectlError):
        inside("ls", "/reef/run/beta")
    with pytest.raises(KubectlError):
        inside("ls", "/reef/tls")
    with pytest.raises(KubectlError):
        inside("touch", "/reef/guest/agent.py")
    seen = inside("sh", "-c", "cat /proc/[0-9]*/cmdline")
    assert "/reef/run/alpha" in seen
    assert "/reef/run/beta" not in seen
    assert "pack-host" not in seen
    # The host's port is there, as the network is the pod's; without a certificate it says nothing.
    with pytest.raises(KubectlError):
        inside("python3", "-c", WITHOUT_CERTIFICATE)


def test_a_location_that_is_deleted_is_gone_everywhere(world: ReefWorld) -> None:
    world.apply(location("gamma", image(1), placement="packed", env=[{"name": "G", "value": "1"}]))
    world.all_ready(["gamma"], 180)
    world.k("delete", "codelocation", "gamma", "--timeout=60s")
    until(
        lambda: "gamma" not in world.k("get", "services", "-o", "name"),
        90,
        "for its Service to go",
        every_s=0.5,
    )
    until(
        lambda: "gamma" not in world.k("get", "configmap", "reef-workspace", "-o", "yaml"),
        60,
        "for the workspace",
    )
