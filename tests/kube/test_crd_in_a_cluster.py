"""The CRD in a real API server: REEF_TEST_KUBECONFIG names one. Objects are only tried (`--dry-run=server`)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from test_crd import BAD, GOOD, located

from deadlines import scaled
from reef.kube.group import GROUP, PLURAL
from reef.kube.model.crd import definition, definition_text

KUBECONFIG = os.environ.get("REEF_TEST_KUBECONFIG")
pytestmark = pytest.mark.skipif(
    not KUBECONFIG or shutil.which("kubectl") is None,
    reason="REEF_TEST_KUBECONFIG names no cluster, or no kubectl",
)
# Said by the stand-in only; the API server has words of its own.
OWN_WORDS = {
    "less than the minimum": "should be greater than or equal to 1",
    "greater than the maximum": "should be less than or equal to 65535",
    "does not match": "should match",
    "is not one of": "Unsupported value",
    "'ownr' was unexpected": 'unknown field "spec.ownr"',
}


def kubectl(*words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    command = ["kubectl", "--kubeconfig", str(KUBECONFIG), *words]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=scaled(60))


@pytest.fixture(scope="module")
def crd() -> Iterator[dict[str, Any]]:
    name = f"{PLURAL}.{GROUP}"
    was_there = kubectl("get", "crd", name).returncode == 0
    done = kubectl("apply", "-f", "-", text=definition_text())
    assert done.returncode == 0, done.stderr
    kubectl("wait", "crd", name, "--for=condition=Established", f"--timeout={scaled(30):.0f}s")
    yield json.loads(kubectl("get", "crd", name, "-o", "json").stdout)
    if not was_there:
        kubectl("delete", "crd", name, "--wait=false")


def test_nothing_of_the_schema_is_refused_or_dropped(crd: dict[str, Any]) -> None:
    conditions = {each["type"]: each for each in crd["status"]["conditions"]}
    assert conditions["Established"]["status"] == "True"
    assert "NonStructuralSchema" not in conditions
    ours = definition()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"] == ours


def tried(spec: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    return kubectl("apply", "--dry-run=server", "-f", "-", "-o", "json", text=json.dumps(located(**spec)))


@pytest.mark.usefixtures("crd")
@pytest.mark.parametrize("spec", GOOD, ids=range(len(GOOD)))
def test_what_makes_sense_is_taken_whole(spec: dict[str, Any]) -> None:
    done = tried(spec)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["spec"] == spec


@pytest.mark.usefixtures("crd")
@pytest.mark.parametrize(("spec", "said"), BAD, ids=range(len(BAD)))
def test_nonsense_is_refused_with_our_sentence(spec: dict[str, Any], said: str) -> None:
    done = tried(spec)
    assert done.returncode != 0
    assert OWN_WORDS.get(said, said) in done.stderr
