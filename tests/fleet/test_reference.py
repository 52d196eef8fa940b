"""The reference page and the schema in docs/ say what the models say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from reef.fleet import read
from reef.fleet.decode import fields_of, meta_of
from reef.fleet.json_schema import schema, schema_text
from reef.fleet.sections import DeploySettings, DoctorBudgets, DoctorSettings, HistorySettings
from reef.fleet.service_settings import ServiceSettings
from reef.fleet.settings import LocationSettings, ReefFile, Settings
from reef.fleet.shared import Code, Server

_DOCS = Path(__file__).parents[2] / "docs"
_MODELS = (
    ReefFile,
    Settings,
    LocationSettings,
    Code,
    Server,
    DeploySettings,
    DoctorBudgets,
    DoctorSettings,
    HistorySettings,
    ServiceSettings,
)


def test_the_schema_in_the_docs_is_the_generated_one() -> None:
    assert (_DOCS / "reef.schema.json").read_text() == schema_text(), "reef schema > docs/reef.schema.json"


@pytest.mark.parametrize("model", _MODELS, ids=lambda model: model.__name__)
def test_every_field_is_described(model: type[msgspec.Struct]) -> None:
    page = (_DOCS / "configuration.md").read_text()
    rows = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    definitions: dict[str, Any] = schema()["$defs"]  # type: ignore[assignment]
    for name, annotation in fields_of(model).items():
        assert name in rows, f"{model.__name__}.{name} has no row in docs/configuration.md"
        assert meta_of(annotation).description
        assert definitions[model.__name__]["properties"][name]["description"]


def test_the_page_describes_nothing_that_is_not_there() -> None:
    page = (_DOCS / "configuration.md").read_text()
    known = {name for model in _MODELS for name in fields_of(model)}
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == known


def test_the_examples_of_the_page_can_be_read(tmp_path: Path) -> None:
    page = (_DOCS / "configuration.md").read_text()
    examples = re.findall(r"```yaml\n# reef.yaml\n(.*?)```", page, re.DOTALL)
    assert examples
    for text in examples:
        (tmp_path / "reef.yaml").write_text(text)
        names = [each.name for each in read(str(tmp_path), {}, "/usr/bin/python3").locations]
        assert names == list(yaml.safe_load(text)["locations"])
