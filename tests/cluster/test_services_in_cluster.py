"""A shared service in a cluster: it is at 0 until a packed location or a run calls it, and goes back to 0."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from deadlines import scaled, until
from lab.cluster import Cluster
from lab.kubectl import KubectlError
from lab.world import ReefWorld, location
from reef.kube.objects.service_gate import NAME

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
SOURCE = Path(__file__).parents[2] / "src"
# What a location's image has of dagster-reef: the client alone. The lab's images have Dagster and no more.
CLIENT = (
    "reef",
    "reef.calls_of_services",
    "reef.dagster.errors",
    "reef.dagster.shared_service",
    "reef.dagster",
)
CODE = """
import sys, types

for name in {packages!r}:
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = []
for name, text in {sources!r}:
    module = sys.modules.setdefault(name, types.ModuleType(name))
    exec(compile(text, name, "exec"), module.__dict__)

import dagster as dg
from reef.dagster import SharedService


@dg.asset
def shortened(text: SharedService) -> str:
    return text.call("shorten", "many words of a run", 12)


@dg.sensor(target="*", minimum_interval_seconds=30)
def asks():
    return dg.SkipReason(SharedService(name="text").call("shorten", "many words of a sensor", 12))


resources = {{"text": SharedService(name="text", timeout_s=240)}}
defs = dg.Definitions(
    assets=[shortened], jobs=[dg.define_asset_job("nightly")], sensors=[asks], resources=resources
)
"""
FLEET = """
services:
  text: {module: textwrap, expose: [shorten], idle_timeout: 15s, memory: 128Mi}
locations:
  sales: {code: {python_file: defs.py}}
"""
DRY_RUN = (
    "mutation($s:SensorSelector!){sensorDryRun(selectorData:$s,cursor:null){__typename "
    "... on PythonError{message} ... on DryRunInstigationTick{evaluationResult{skipReason error{message}}}}}"
)
IMAGE = "reef.test/services-sales:1"


def file_of(module: str) -> str:
    path = SOURCE / module.replace(".", "/")
    return (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text()


@pytest.fixture(scope="module")
def world(lab: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReefWorld]:
    namespace = f"reef-services-{secrets.token_hex(3)}"
    lab.kubectl.make_namespace(namespace)
    sources = [(name, file_of(name)) for name in CLIENT]
    lab.load_locations({IMAGE: CODE.format(packages=["reef", "reef.dagster"], sources=sources)})
    found = ReefWorld(lab, namespace)
    found.install()
    folder = tmp_path_factory.mktemp("fleet")
    (folder / "reef.yaml").write_text(FLEET)
    (folder / "defs.py").write_text("")
    rendered = json.loads(
        found.reef("render", str(folder), "--image", IMAGE, "--reef-image", "reef.test/reef:1", "--json")
    )
    env = rendered["code_locations"][0]["spec"]["env"]
    found.apply(*rendered["services"], location("sales", IMAGE, env=env))
    found.all_ready(["sales"], 240)
    found.dagster_is_up()
    found.k("rollout", "status", f"deployment/{NAME}", "--timeout=240s", timeout_s=scaled(250))
    yield found
    lab.kubectl("delete", "namespace", namespace, "--wait=false")


def sleeps(world: ReefWorld) -> bool:
    wanted = world.kubectl.json("-n", world.namespace, "get", "deployment", "text")["spec"]["replicas"]
    return wanted == 0 and not world.pods("shared-service")


def asleep(world: ReefWorld) -> None:
    until(lambda: sleeps(world), 180, "for the service to sleep", every_s=0.5)


def answered(world: ReefWorld) -> str:
    """What the sensor says in the pack; "" where Dagster gave it up meanwhile, as it does after a minute."""
    selector = {"repositoryLocationName": "sales", "repositoryName": "__repository__", "sensorName": "asks"}
    told = world.graphql(DRY_RUN, {"s": selector})["sensorDryRun"]
    return str((told.get("evaluationResult") or {}).get("skipReason") or "")


def test_a_packed_location_and_a_run_wake_it_and_it_sleeps_again(world: ReefWorld) -> None:
    until(lambda: "shortened" in world.shown().get("sales", ()), 120, "for the location", every_s=0.5)
    asleep(world)
    told = until(lambda: answered(world), 240, "for what the sensor says")
    assert told == "many [...]"
    assert not sleeps(world)
    asleep(world)
    assert world.launch("sales") == "SUCCESS"
    assert not sleeps(world)
    asleep(world)


def test_the_gate_may_scale_these_deployments_and_nothing_else(world: ReefWorld) -> None:
    account = f"--as=system:serviceaccount:{world.namespace}:{NAME}"

    def may(*words: str) -> bool:
        return world.k("auth", "can-i", *words, account).strip() == "yes"

    assert may("patch", "deployments/text", "--subresource=scale")
    for words in (
        ("patch", "deployments/reef-controller", "--subresource=scale"),
        ("patch", "deployments/text"),
        ("get", "secrets"),
        ("list", "pods"),
    ):
        with pytest.raises(KubectlError):  # it says no by its exit status, too
            may(*words)
