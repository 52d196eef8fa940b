"""docs/settings-of-dagster.md knows every setting that the installed Dagster has."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest
from dagster._cli.api import grpc_command
from dagster._cli.dev import dev_command
from dagster._core.instance.config import dagster_instance_config_schema
from dagster._core.workspace import load_target
from dagster._core.workspace.config_schema import WORKSPACE_CONFIG_SCHEMA
from pages import ROOT, code_in, first_cells, sections

from deadlines import scaled
from reef.beside.instance_yaml import TIMEOUT, WAITS
from reef.beside.variables import CHOSEN, TARGETS
from reef.locations.specs import NOT_INHERITED

PAGE = ROOT / "docs" / "settings-of-dagster.md"
ANSWERS = {"taken", "passed on", "not taken"}


def table(heading: str) -> dict[str, str]:
    """Setting -> its answer."""
    found: dict[str, str] = {}
    for row in (line for line in sections(PAGE)[heading] if line.startswith("| `")):
        first, answer = [cell.strip() for cell in row.strip("|").split("|")[:2]]
        assert answer in ANSWERS, row
        found |= dict.fromkeys(code_in(first), answer)
    return found


def test_every_table_has_an_answer_in_each_row() -> None:
    for heading in list(sections(PAGE))[2:]:
        assert len(first_cells(sections(PAGE)[heading])) > 3
        assert table(heading)


def test_every_key_of_dagster_yaml_is_there_and_no_other() -> None:
    written = table("dagster.yaml")
    schema: Mapping[str, Any] = dagster_instance_config_schema()
    nested = {name.partition(".")[0] for name in written if "." in name}
    real = set(schema) - nested
    for name in nested:
        real |= {f"{name}.{inner}" for inner in schema[name].config_type.fields}
    assert written.keys() == real


def test_every_key_of_code_servers_has_a_row_of_its_own() -> None:
    """They say what a code server is: the answer for one is not that for another."""
    written = table("dagster.yaml")
    assert written[TIMEOUT] == "taken"
    assert written[WAITS] == "not taken"


def test_every_key_of_a_workspace_is_there() -> None:
    text = "\n".join(sections(PAGE)["workspace.yaml"])
    assert set(_keys(WORKSPACE_CONFIG_SCHEMA["load_from"].config_type)) | {"load_from"} <= set(code_in(text))


def _keys(kind: Any) -> Iterator[str]:
    """All names of fields below a type of Dagster's configuration."""
    if hasattr(kind, "inner_type"):
        yield from _keys(kind.inner_type)
    if hasattr(kind, "non_scalar_type"):
        yield from _keys(kind.non_scalar_type)
    for name, inner in getattr(kind, "fields", {}).items():
        yield name
        yield from _keys(inner.config_type)


def test_every_key_of_tool_dagster_is_there() -> None:
    """As Dagster's source asks for them."""
    source = inspect.getsource(load_target.get_target_from_toml_data)
    asked = set(re.findall(r"dagster_block\.get\(\"(\w+)\"\)", source))
    assert "module_name" in asked
    written = {name.removeprefix("tool.dagster.") for name in table("pyproject.toml, dg.toml")}
    assert asked <= written
    asked = set(re.findall(r"dg_block(?:\.get\(\s*|\[)[\"'](\w+)[\"']", source))
    assert "root_module" in asked
    assert {f"project.{name}" for name in asked} <= table("pyproject.toml, dg.toml").keys()


def longest_names(command: click.Command) -> set[str]:
    options = [one for one in command.params if isinstance(one, click.Option)]
    return {next(name for name in option.opts if name.startswith("--")) for option in options}


def test_every_option_of_dagster_dev_is_there() -> None:
    assert longest_names(dev_command) <= table("Options of `dagster dev` and `dg dev`").keys()


def test_every_variable_of_a_code_server_is_there() -> None:
    written = table("Environment variables")
    used = {str(one.envvar) for one in (*dev_command.params, *grpc_command.params) if one.envvar}
    assert used <= written.keys()
    assert set(TARGETS) <= used
    assert {name for name in CHOSEN if written[name] == "not taken"} == set(CHOSEN)
    assert {name for name in NOT_INHERITED if name.startswith("DAGSTER_")} <= written.keys()


@pytest.fixture(scope="module")
def dg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source of `dg`, of the same release as the installed Dagster: read, not run."""
    folder = tmp_path_factory.mktemp("dg")
    version = re.search(r"^dagster==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    assert version
    what = [f"{name}=={version[1]}" for name in ("dagster-dg-core", "dagster-dg-cli")]
    uv = ROOT / ".venv" / "bin" / "uv"
    subprocess.run(
        [uv, "pip", "install", "-q", "--no-deps", "--target", folder, *what], check=True, timeout=scaled(120)
    )
    return folder


def test_every_key_of_dg_is_there(dg: Path) -> None:
    tree = ast.parse((dg / "dagster_dg_core" / "config.py").read_text())
    fields = {
        one.name: [
            line.target.id
            for line in one.body
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
        ]
        for one in tree.body
        if isinstance(one, ast.ClassDef)
    }
    real = {f"project.{name}" for name in fields["DgRawProjectConfig"]}
    real |= {f"workspace.{name}" for name in fields["DgRawWorkspaceConfig"]}
    real |= {*fields["DgWorkspaceFileConfig"], *fields["DgProjectFileConfig"]} - {"project", "workspace"}
    assert "project.root_module" in real
    assert real <= table("pyproject.toml, dg.toml").keys()


def test_every_option_of_dg_dev_is_there(dg: Path) -> None:
    dev = (dg / "dagster_dg_cli" / "cli" / "dev.py").read_text()
    shared = (dg / "dagster_dg_core" / "shared_options.py").read_text()
    used = set(re.findall(r"@dg_(\w+)_options", dev))
    assert used == {"path", "global", "venv", "workspace"}  # the last are those of `dagster dev`
    options = set(re.findall(r"\"(--[a-z-]+)", dev + shared)) - {"--use-editable-dagster"}  # of `dg scaffold`
    assert options <= table("Options of `dagster dev` and `dg dev`").keys()
