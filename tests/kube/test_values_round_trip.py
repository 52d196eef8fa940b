"""Values -> CodeLocations -> values: nothing is lost on the way, as far as the chart's template can tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from crd_check import faults
from normal import at, deployments, merged
from samples import ROUND_TRIPS, loaded

from reef.kube.helm.chart import Options
from reef.kube.helm.exporting import Values, accounts_of, export_helm
from reef.kube.helm.importing import Import, import_helm
from reef.kube.location_files import read_code_locations
from reef.kube.writing import documents_text

KEYS = {"nested": "dagster.dagster.dagster-user-deployments", "standalone": ""}


def imported(text: str, folder: Path, **options: Any) -> Import:
    (folder / "values.yaml").write_text(text)
    return import_helm([str(folder / "values.yaml")], Options(**options), "reef-workspace")


def exported(done: Import, folder: Path) -> Values:
    """Through a file, as a person would keep it."""
    file = folder / "codelocations.yaml"
    file.write_text(documents_text([*done.made, *(each.document() for each in done.locations)]))
    found = read_code_locations(str(file))
    assert found.locations == done.locations
    return export_helm(found.locations, accounts_of(found.others))


@pytest.mark.parametrize("name", ROUND_TRIPS)
def test_the_values_come_back(name: str, tmp_path: Path) -> None:
    text = ROUND_TRIPS[name]
    done = imported(text, tmp_path)
    assert not [each for each in done.findings if each.kind in ("lost", "left_out")]
    back = exported(done, tmp_path)
    assert back.findings == ()
    key = KEYS.get(name, "dagster-user-deployments")
    assert deployments(at(back.values, key)) == deployments(at(loaded(text), key))
    own, got = at(loaded(text), key), at(back.values, key)
    assert got.get("imagePullSecrets", []) == own.get("imagePullSecrets", [])
    assert isinstance(got["deployments"], type(own["deployments"]))


def test_service_accounts_come_back(tmp_path: Path) -> None:
    """One that the chart made comes back as one to make; a global one as one that is there."""
    account = {"create": True, "annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/dagster"}}
    full = exported(imported(ROUND_TRIPS["full"], tmp_path), tmp_path).values
    assert full["dagster-user-deployments"]["serviceAccount"] == account
    other = exported(imported(ROUND_TRIPS["map"], tmp_path), tmp_path).values
    assert other["dagster-user-deployments"]["serviceAccount"] == {"create": False, "name": "runner"}
    alone = exported(imported(ROUND_TRIPS["standalone"], tmp_path), tmp_path).values
    assert alone["serviceAccount"] == {"create": False, "name": "dagster"}
    many = exported(imported(ROUND_TRIPS["many"], tmp_path), tmp_path).values
    assert "serviceAccount" not in many["dagster-user-deployments"]


@pytest.mark.parametrize("name", ROUND_TRIPS)
def test_what_comes_back_means_the_same(name: str, tmp_path: Path) -> None:
    """Alone, and over the values that it came from with the switch: both import to the same objects."""
    text = ROUND_TRIPS[name]
    done = imported(text, tmp_path)
    back = exported(done, tmp_path).values
    assert again(back, tmp_path).locations == done.locations
    over = merged(merged(loaded(text), done.off), back)
    twice = again(over, tmp_path)
    assert twice.locations == done.locations
    assert twice.made == done.made


def again(values: dict[str, Any], folder: Path) -> Import:
    return imported(yaml.safe_dump(values, sort_keys=False), folder)


@pytest.mark.parametrize("name", ROUND_TRIPS)
def test_an_api_server_would_take_them(name: str, tmp_path: Path) -> None:
    for each in imported(ROUND_TRIPS[name], tmp_path, namespace="data").locations:
        assert faults(each.document()) == []


def test_what_is_edited_meanwhile_comes_back_edited(tmp_path: Path) -> None:
    """The words of the first values are used only while they still say what is so."""
    done = imported(ROUND_TRIPS["full"], tmp_path)
    spec = done.locations[0].spec
    assert spec.helm
    assert spec.helm["dagsterApiGrpcArgs"][0] == "--python-file"
    assert spec.code
    spec.code.python_file = "/app/other.py"
    entry = exported(done, tmp_path).values["dagster-user-deployments"]["deployments"][0]
    assert entry["dagsterApiGrpcArgs"] == ["-f", "/app/other.py", "-a", "defs", "--log-level", "debug"]


def test_objects_are_json(tmp_path: Path) -> None:
    for text in ROUND_TRIPS.values():
        done = imported(text, tmp_path)
        documents = [each.document() for each in done.locations]
        assert json.loads(json.dumps(documents)) == documents
