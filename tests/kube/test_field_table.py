"""The table knows every field of a pod and a container.

`pod_fields.json` has their names as an API server told them (`pod_fields.py` says how). Where an API server is at
hand, it is asked itself.
"""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from pod_fields import description, fields

from lab.apiserver import ApiServer
from reef.decide.placements.fields import BY_PATH, KUBERNETES, TABLE
from reef.decide.placements.judging import UNKNOWN, judged

CHECKED_IN: dict[str, Any] = json.loads((Path(__file__).parent / "pod_fields.json").read_text("utf-8"))


def is_kept(path: str) -> bool:
    """Then its parts need rows. Others hold for whatever is in them: equal as a whole, or kept by a pod of its own."""
    return any(row.verdict == "kept" for row in BY_PATH.get(path, ())) and all(
        row.values is None for row in BY_PATH.get(path, ())
    )


def unknown(described: dict[str, Any]) -> list[str]:
    return [path for path in fields(described, is_kept) if path not in BY_PATH]


def test_every_field_of_the_api_has_a_row() -> None:
    assert CHECKED_IN["kubernetes"] == KUBERNETES
    assert unknown(CHECKED_IN) == []


def test_every_row_is_of_a_field_of_the_api() -> None:
    in_the_api = set(fields(CHECKED_IN, is_kept))
    rows = {row.path for row in TABLE if not row.path.startswith("metadata.")}
    assert rows == in_the_api


def test_the_api_server_at_hand_has_no_other_field(api_server: ApiServer) -> None:
    told = description(json.loads(api_server.kubectl("get", "--raw", "/openapi/v3/api/v1")))
    assert unknown(told) == []
    if told["kubernetes"] == KUBERNETES:
        assert told == CHECKED_IN


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("PodSpec", "pod.new"),
        ("Volume", "pod.volumes[].new"),
        ("SecretVolumeSource", "pod.volumes[].secret.new"),
        ("Container", "container.new"),
        ("SecurityContext", "container.securityContext.new"),
        ("EnvVarSource", "container.env[].valueFrom.new"),
    ],
)
def test_a_field_that_the_api_adds_is_found(kind: str, path: str) -> None:
    described = copy.deepcopy(CHECKED_IN)
    described["types"][kind]["new"] = ""
    assert path in unknown(described)


def test_a_part_of_what_counts_as_a_whole_needs_no_row() -> None:
    described = copy.deepcopy(CHECKED_IN)
    described["types"]["Affinity"]["new"] = described["types"]["Probe"]["new"] = ""
    assert unknown(described) == []


def test_every_value_of_a_field_meets_a_row() -> None:
    for path, rows in BY_PATH.items():
        assert rows[-1].values is None, path
        assert all(row.values for row in rows[:-1]), path


def test_what_is_not_kept_has_no_rows_for_its_parts() -> None:
    for row in TABLE:
        if row.verdict != "kept":
            assert not any(each.startswith((f"{row.path}.", f"{row.path}[")) for each in BY_PATH), row.path


def test_reasons_are_sentences() -> None:
    for row in TABLE:
        assert re.fullmatch(r"[A-Z`].*\.", row.why), row
        assert len(row.why) < 200, row


JUDGED: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"pod": {}, "container": {}}, {}),
    (
        {"pod": {"affinity": {}, "tolerations": [], "runtimeClassName": None}, "container": {"command": []}},
        {},
    ),
    ({"pod": {"hostNetwork": True}}, {"pod.hostNetwork": "key"}),
    ({"pod": {"hostNetwork": False}}, {"pod.hostNetwork": "kept"}),
    ({"pod": {"serviceAccountName": "default"}}, {"pod.serviceAccountName": "kept"}),
    ({"pod": {"serviceAccountName": "sales"}}, {"pod.serviceAccountName": "key"}),
    ({"pod": {"restartPolicy": "Always"}}, {"pod.restartPolicy": "kept"}),
    ({"pod": {"restartPolicy": "Never"}}, {"pod.restartPolicy": "refused"}),
    (
        {"pod": {"securityContext": {"runAsUser": 0, "fsGroup": 1000}}},
        {"pod.securityContext.runAsUser": "kept", "pod.securityContext.fsGroup": "key"},
    ),
    (
        {"pod": {"volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "csi": {"driver": "d"}}]}},
        {"pod.volumes[a].name": "kept", "pod.volumes[b].name": "kept", "pod.volumes[b].csi": "own_pod"},
    ),
    (
        {
            "pod": {
                "volumes": [
                    {"name": "a", "secret": {"secretName": "s", "items": [{"key": "k", "path": "p"}]}}
                ]
            }
        },
        {
            "pod.volumes[a].name": "kept",
            "pod.volumes[a].secret.secretName": "kept",
            "pod.volumes[a].secret.items[0].key": "kept",
            "pod.volumes[a].secret.items[0].path": "kept",
        },
    ),
    (
        {"container": {"resources": {"limits": {"cpu": 1, "ephemeral-storage": "1Gi"}}}},
        {
            "container.resources.limits[cpu]": "kept",
            "container.resources.limits[ephemeral-storage]": "own_pod",
        },
    ),
    (
        {
            "container": {
                "securityContext": {
                    "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE", "SYS_ADMIN"]}
                }
            }
        },
        {
            "container.securityContext.capabilities.drop": "kept",
            "container.securityContext.capabilities.add[NET_BIND_SERVICE]": "kept",
            "container.securityContext.capabilities.add[SYS_ADMIN]": "own_pod",
        },
    ),
    (
        {
            "container": {
                "env": [
                    {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}},
                    {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                ]
            }
        },
        {
            "container.env[NODE].name": "kept",
            "container.env[NODE].valueFrom.fieldRef.fieldPath": "kept",
            "container.env[POD].name": "kept",
            "container.env[POD].valueFrom.fieldRef.fieldPath": "own_pod",
        },
    ),
    ({"container": {"privileged": True}}, {"container.privileged": "own_pod"}),  # not there, so not known
    ({"pod": {"volumes": [{"secret": {"later": 1}}]}}, {"pod.volumes[0].secret.later": "own_pod"}),
]


@pytest.mark.parametrize(("document", "wanted"), JUDGED, ids=range(len(JUDGED)))
def test_given_a_document_wanted_its_judgement(document: dict[str, Any], wanted: dict[str, str]) -> None:
    found = judged(document)
    assert {each.where: each.verdict for each in found} == wanted
    for each in found:
        assert (each.why == UNKNOWN) == (each.path not in BY_PATH)
