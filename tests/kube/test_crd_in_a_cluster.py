"""The CRD in a real API server. Objects are only tried (`--dry-run=server`)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from test_crd import BAD, GOOD, located

from deadlines import scaled
from lab.apiserver import ApiServer
from lab.kubectl import KubectlError
from reef.kube.group import GROUP, PLURAL
from reef.kube.model.crd import definition, definition_text

# Said by the stand-in only; the API server has words of its own.
OWN_WORDS = {
    "less than the minimum": "should be greater than or equal to 1",
    "greater than the maximum": "should be less than or equal to 65535",
    "does not match": "should match",
    "is not one of": "Unsupported value",
    "'ownr' was unexpected": 'unknown field "spec.ownr"',
}


@pytest.fixture(scope="module")
def crd(api_server: ApiServer) -> dict[str, Any]:
    kubectl, name = api_server.kubectl, f"{PLURAL}.{GROUP}"
    kubectl("apply", "-f", "-", stdin=definition_text())
    kubectl("wait", "crd", name, "--for=condition=Established", "--timeout=60s", timeout_s=scaled(90))
    found: dict[str, Any] = kubectl.json("get", "crd", name)
    return found


def test_nothing_of_the_schema_is_refused_or_dropped(crd: dict[str, Any]) -> None:
    conditions = {each["type"]: each for each in crd["status"]["conditions"]}
    assert conditions["Established"]["status"] == "True"
    assert "NonStructuralSchema" not in conditions
    ours = definition()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"] == ours


def tried(api_server: ApiServer, spec: dict[str, Any]) -> dict[str, Any]:
    words = ("apply", "--dry-run=server", "-f", "-", "-o", "json")
    taken: dict[str, Any] = json.loads(api_server.kubectl(*words, stdin=json.dumps(located(**spec))))
    return taken


@pytest.mark.usefixtures("crd")
@pytest.mark.parametrize("spec", GOOD, ids=range(len(GOOD)))
def test_what_makes_sense_is_taken_whole(api_server: ApiServer, spec: dict[str, Any]) -> None:
    assert tried(api_server, spec)["spec"] == spec


@pytest.mark.usefixtures("crd")
@pytest.mark.parametrize(("spec", "said"), BAD, ids=range(len(BAD)))
def test_nonsense_is_refused_with_our_sentence(
    api_server: ApiServer, spec: dict[str, Any], said: str
) -> None:
    with pytest.raises(KubectlError) as refused:
        tried(api_server, spec)
    assert OWN_WORDS.get(said, said) in str(refused.value)
