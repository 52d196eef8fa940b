"""Shared services of a fleet as objects of a cluster, and a call of what their container runs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_kube_commands import reef

from deadlines import scaled, until
from reef.dagster import CallFailed, ServiceBusy, SharedService
from reef.fleet.shared import Code
from reef.kube.context import container_context
from reef.kube.model import CodeLocation, Spec
from reef.kube.objects.packed_pod import pod_spec
from reef.kube.objects.released import PackedContainer, ReefPods, Released
from reef.kube.objects.service_gate import NAME
from reef.kube.objects.shared_service import FOLDER, PORT, REQUEST
from reef.kube.services import tell, variable_of
from reef.services.gate import read_gate

PARSER = """
import os, sys, time
def parse(text: str) -> list[str]: return text.split()
def fail(text): raise ValueError(f"bad: {text}")
def about(): return [os.getcwd(), sys.path[:1], sorted(name for name in os.environ if name == "STAGE")]
def slow(file):
    open(file, "w").close()
    time.sleep(60)
"""
FLEET = """
services:
  postal:
    module: postal_parser
    expose: [parse, fail, about, slow]
    memory: 3Gi
    image: acme/postal:1
    env: {STAGE: prod, HOME: null}
    at_once: 1
    waiting: 0
    start_timeout: 61s
  geo-code: {module: geo, expose: [at], replicas: {min: 2, max: 5}, idle_timeout: 5m}
  far: {address: "far.other.svc:4000"}
locations:
  sales: {code: sales, env: {REEF_SERVICE_FAR: "nearer:1"}}
  postal: {code: postal, container_image: b:1}
  legacy: {server: {host: legacy, port: 4000}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "reef.yaml").write_text(FLEET)
    (tmp_path / "postal_parser.py").write_text(PARSER)
    return tmp_path


def _rendered(folder: Path, *more: str) -> tuple[dict[str, Any], list[dict[str, Any]], str]:
    done = reef(folder, "render", "--image", "a:1", "-n", "data", "--json", *more)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    locations = {each["metadata"]["name"]: each["spec"] for each in found["code_locations"]}
    return locations, found["services"], done.stderr


def _of(documents: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    (found,) = [each for each in documents if each["kind"] == kind and each["metadata"]["name"] == name]
    return found


def test_each_has_what_it_is_made_of(folder: Path) -> None:
    _, documents, _ = _rendered(folder)
    kinds = ["ConfigMap", "Deployment", "Service", "NetworkPolicy"]
    assert [(each["kind"], each["metadata"]["name"]) for each in documents] == [
        *((kind, "postal-2") for kind in kinds),  # the location `postal` has the Service of that name
        *((kind, "geo-code") for kind in (*kinds, "HorizontalPodAutoscaler")),
    ]
    assert {each["metadata"]["namespace"] for each in documents} == {"data"}
    for each in documents:
        if each["kind"] == "Deployment":
            own = each["spec"]["selector"]["matchLabels"]
            template = each["spec"]["template"]
            assert template["metadata"]["labels"] == own
            name = each["metadata"]["name"]
            assert _of(documents, "Service", name)["spec"]["selector"] == own
            assert _of(documents, "NetworkPolicy", name)["spec"]["podSelector"] == {"matchLabels": own}
            assert template["spec"]["volumes"][0]["configMap"] == {"name": name}


def test_what_the_fleet_says_is_in_the_pod(folder: Path) -> None:
    _, documents, said = _rendered(folder)
    deployment = _of(documents, "Deployment", "postal-2")["spec"]
    (container,) = deployment["template"]["spec"]["containers"]
    assert (deployment["replicas"], container["image"]) == (1, "acme/postal:1")
    assert "command" not in container  # the image's ENTRYPOINT runs
    assert container["resources"] == {
        "requests": {"cpu": "50m", "memory": "3Gi"},
        "limits": {"memory": "3Gi"},
    }
    assert {each["name"]: each["value"] for each in container["env"]}["STAGE"] == "prod"
    probe = container["startupProbe"]
    assert (probe["tcpSocket"], probe["failureThreshold"] * probe["periodSeconds"]) == ({"port": "grpc"}, 62)
    request = json.loads(_of(documents, "ConfigMap", "postal-2")["data"][REQUEST])
    assert request["expose"] == ["parse", "fail", "about", "slow"]
    assert "lost: services.postal.env.HOME" in said
    assert "lost: services.geo-code.idle_timeout" in said
    assert "3 CodeLocations, 2 shared services, 0 left out" in said


def test_a_number_of_pods_that_is_not_fixed_is_left_to_who_scales(folder: Path) -> None:
    _, documents, _ = _rendered(folder)
    deployment = _of(documents, "Deployment", "geo-code")["spec"]
    assert "replicas" not in deployment
    assert deployment["template"]["spec"]["containers"][0]["image"] == "a:1"
    scaler = _of(documents, "HorizontalPodAutoscaler", "geo-code")["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 5)
    assert scaler["scaleTargetRef"]["name"] == "geo-code"


def test_a_gate_takes_the_calls_and_scales_these_deployments_alone(folder: Path) -> None:
    _, documents, said = _rendered(folder, "--reef-image", "reef:1")
    assert "idle_timeout" not in said
    pods = _of(documents, "Deployment", "geo-code")["spec"]["selector"]["matchLabels"]
    gate = _of(documents, "Deployment", NAME)["spec"]["template"]
    assert gate["spec"]["containers"][0]["image"] == "reef:1"
    assert _of(documents, "Service", "geo-code-pods")["spec"]["selector"] == pods
    service = _of(documents, "Service", "geo-code")["spec"]
    assert (service["selector"], service["ports"][0]["port"]) == (gate["metadata"]["labels"], PORT)
    (rule,) = _of(documents, "NetworkPolicy", "geo-code")["spec"]["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": gate["metadata"]["labels"]}}]
    (rule,) = _of(documents, "Role", NAME)["rules"]
    assert (rule["resources"], rule["verbs"]) == (["deployments/scale"], ["patch"])
    assert rule["resourceNames"] == ["geo-code", "postal-2"]
    assert "replicas" not in _of(documents, "Deployment", "postal-2")["spec"]
    path = folder / "gate.json"
    path.write_text(_of(documents, "ConfigMap", NAME)["data"]["gate.json"])
    postal, geo = read_gate(path).services
    assert (postal.name, postal.deployment) == ("postal", "postal-2")
    assert (geo.target, geo.idle_timeout_s) == (f"geo-code-pods.data.svc:{PORT}", 300.0)
    assert (geo.fewest, geo.most_calls, geo.port) == (2, 68 * 5, service["ports"][0]["targetPort"])


def test_a_gate_needs_a_namespace(folder: Path) -> None:
    done = reef(folder, "render", "--image", "a:1", "--reef-image", "reef:1")
    assert done.returncode == 2
    assert "--reef-image needs a namespace" in done.stderr


def test_servers_and_runs_are_told_the_addresses(folder: Path) -> None:
    locations, _, _ = _rendered(folder)
    told = {
        name: {each["name"]: each["value"] for each in locations[name]["env"]} for name in ("sales", "postal")
    }
    assert told["postal"] == {
        "REEF_SERVICE_POSTAL": f"postal-2.data.svc:{PORT}",
        "REEF_SERVICE_GEO_CODE": f"geo-code.data.svc:{PORT}",
        "REEF_SERVICE_FAR": "far.other.svc:4000",
    }
    assert told["sales"]["REEF_SERVICE_FAR"] == "nearer:1"  # what it says itself wins
    assert "env" not in locations["legacy"]


def test_they_reach_the_container_of_a_pack_and_run_pods() -> None:
    location = CodeLocation("sales", Spec(image="a:1", code=Code(module="sales")), "data")
    tell([location], {"geo-code": "geo-code.data.svc:4270"})
    told = {"name": "REEF_SERVICE_GEO_CODE", "value": "geo-code.data.svc:4270"}
    pack = pod_spec(
        [PackedContainer("sales", (Released(location, "v1", "a:1"),))], "data", "map", ReefPods("reef:1")
    )
    assert told in pack["containers"][1]["env"]
    context = container_context(location, "data")
    assert context
    assert told in context["k8s"]["env"]  # what Dagster's run launcher gives to the pod of a run


def test_another_program_makes_other_pods(folder: Path) -> None:
    before = _of(_rendered(folder)[1], "Deployment", "geo-code")["spec"]["template"]
    (folder / "reef.yaml").write_text(FLEET.replace("[at]", "[at, of]"))
    after = _of(_rendered(folder)[1], "Deployment", "geo-code")["spec"]["template"]
    assert before.pop("metadata")["annotations"] != after.pop("metadata")["annotations"]
    assert before == after


LEFT_OUT = [
    ("{module: m, expose: [f]}", "services.a: has no image; image of the service, or --image"),
    ('{address: "unix:/run/x"}', "which no other pod reaches"),
    ('{address: "localhost:4000"}', "which no other pod reaches"),
]


@pytest.mark.parametrize(("service", "said"), LEFT_OUT)
def test_one_that_no_pod_can_be_is_left_out(service: str, said: str, folder: Path) -> None:
    (folder / "reef.yaml").write_text(f"services:\n  a: {service}\nlocations: {{}}\n")
    done = reef(folder, "render")
    assert done.returncode == 1
    assert said in done.stderr
    assert "1 left out" in done.stderr


def test_two_names_with_one_variable(folder: Path) -> None:
    two = "services: {a-b: {address: x:1}, A_b: {address: y:1}}\nlocations: {}\n"
    (folder / "reef.yaml").write_text(two)
    done = reef(folder, "render")
    assert done.returncode == 1
    assert "services.A_b: and a-b would both be REEF_SERVICE_A_B" in done.stderr


def test_more_than_the_most_is_said(folder: Path) -> None:
    wrong = "services:\n  a: {module: m, expose: [f], replicas: {min: 3, max: 2}}\nlocations: {}\n"
    (folder / "reef.yaml").write_text(wrong)
    done = reef(folder, "render", "--image", "a:1")
    assert done.returncode == 2
    assert "services.a.replicas has max 2, less than min 3" in done.stderr


def test_files_for_kubectl(folder: Path) -> None:
    assert reef(folder, "render", "--image", "a:1", "-o", "out").returncode == 0
    services = list(yaml.safe_load_all((folder / "out" / "services.yaml").read_text()))
    assert len(services) == 9
    assert "namespace" not in services[0]["metadata"]
    locations = list(yaml.safe_load_all((folder / "out" / "codelocations.yaml").read_text()))
    assert locations[0]["spec"]["env"][1]["value"] == f"postal-2:{PORT}"


@contextmanager
def _running(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """What the container of `postal` runs, behind an ENTRYPOINT, in files as its ConfigMap mounts them; on a free port
    in place of its own."""
    documents = _rendered(folder)[1]
    (container,) = _of(documents, "Deployment", "postal-2")["spec"]["template"]["spec"]["containers"]
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    mounted = folder / "mounted"
    mounted.mkdir()
    for name, text in _of(documents, "ConfigMap", "postal-2")["data"].items():
        (mounted / name).write_text(text.replace(f'"port":{PORT}', f'"port":{port}'))
    args = [each.replace(FOLDER, str(mounted)) for each in container["args"]]
    assert args[0] == "python3"
    entrypoint = ["/bin/sh", "-c", 'STAGE=test exec "$@"', "entrypoint"]
    env = {each["name"]: each["value"] for each in container["env"]}
    with subprocess.Popen([*entrypoint, sys.executable, *args[1:]], cwd=folder, env=env) as process:
        try:
            until(lambda: _answers(process, port), 30, "for somebody to listen")
            yield process, port
        finally:
            process.kill()


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    """As the probes find out."""
    assert process.poll() is None
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def test_what_the_container_runs_answers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with _running(folder) as (process, port):
        monkeypatch.setenv(variable_of("postal"), f"127.0.0.1:{port}")
        postal = SharedService(name="postal", timeout_s=scaled(30))
        assert postal.call("parse", "10 Main St") == ["10", "Main", "St"]
        assert list(postal.map("parse", ["a b", "c"])) == [["a", "b"], ["c"]]
        assert postal.call("about") == [str(folder), [str(folder)], ["STAGE"]]
        with pytest.raises(CallFailed, match="bad: x"):
            postal.call("fail", "x")
        process.send_signal(signal.SIGTERM)
        assert process.wait(scaled(20)) == 0


def test_its_container_turns_calls_away_where_it_is_busy(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = tmp_path / "began"
    asks = "import sys; from reef.dagster import SharedService as S\n"
    asks += "S(name='postal', address=sys.argv[1]).call('slow', sys.argv[2])"
    with _running(folder) as (_, port):
        address = f"127.0.0.1:{port}"
        with subprocess.Popen(
            [sys.executable, "-c", asks, address, str(began)], env=dict(os.environ)
        ) as first:
            try:
                until(began.exists, 30, "for the first call to begin")
                with pytest.raises(ServiceBusy):
                    SharedService(name="postal", address=address, timeout_s=1.0).call("parse", "x")
            finally:
                first.kill()
