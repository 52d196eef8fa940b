"""The pages on Kubernetes say what the models and the commands do."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import yaml
from crd_check import faults
from field_page import page
from test_values_round_trip import imported

from reef.cli.placements import lines
from reef.controller.wishes import wish_of
from reef.decide.placements.fleets import placed
from reef.kube.findings import grouped
from reef.kube.model import CodeLocation, Spec
from reef.kube.model.crd import schema

CODE = {"module": "m"}
LEDGER = {"owner": "finance", "pod": {"hostPID": True}}
DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str, first: str) -> list[str]:
    """Examples of YAML that begin with a comment that names their file."""
    text = (DOCS / page).read_text("utf-8")
    return re.findall(rf"```yaml\n# {re.escape(first)}\n(.*?)```", text, re.DOTALL)


def test_every_field_has_a_row_and_no_other() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", (DOCS / "code-location.md").read_text("utf-8"), re.MULTILINE)
    properties = schema()["properties"]
    assert sorted(rows) == sorted([*properties["spec"]["properties"], *properties["status"]["properties"]])


def test_the_rows_say_what_the_schema_says() -> None:
    page = (DOCS / "code-location.md").read_text("utf-8")
    for part in ("spec", "status"):
        for name, each in schema()["properties"][part]["properties"].items():
            assert f"| `{name}` | {each['description']}" in page, name
            for inner, about in each.get("items", each).get("properties", {}).items():
                assert f"`{inner}`" in page or "description" not in about, f"{name}.{inner}"


def test_the_example_of_an_object_would_be_taken() -> None:
    (text,) = blocks("code-location.md", "codelocation.yaml")
    assert faults(yaml.safe_load(text)) == []


def test_the_example_of_an_import_is_what_comes_out(tmp_path: Path) -> None:
    (values,) = blocks("kubernetes-import.md", "values.yaml")
    (wanted,) = blocks("kubernetes-import.md", "sales.yaml")
    done = imported(f"# values.yaml\n{values}", tmp_path, namespace="data")
    assert [each.document() for each in done.locations] == [yaml.safe_load(wanted)]
    (line,) = grouped(done.findings)
    assert line.partition("values.yaml")[2] in (DOCS / "kubernetes-import.md").read_text("utf-8")


def test_the_page_of_fields_is_the_table() -> None:
    assert (DOCS / "pod-fields.md").read_text("utf-8") == page()


def test_the_example_of_placements_is_what_comes_out() -> None:
    text = (DOCS / "placements.md").read_text("utf-8")
    specs = (("orders", {"owner": "shop"}), ("catalogue", {"owner": "shop"}), ("ledger", LEDGER))
    wishes = [
        wish_of(
            CodeLocation(name, msgspec.convert({"image": "a:1", "code": CODE, **spec}, Spec), "data"), name
        )
        for name, spec in specs
    ]
    told = lines(wishes, placed(wishes, share=False))
    assert len(told) == 7
    assert "\n".join(told) in text
