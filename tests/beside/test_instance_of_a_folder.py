"""`reef up` finds the Dagster instance where `dagster dev` finds it: DAGSTER_HOME, also of a `.env` file, else the
`dagster.yaml` of the folder; what is passed over is said."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from reefs import Reef, processes_mentioning, until

from deadlines import scaled
from reef import fleet as fleets
from reef.beside.choosing import choose_home
from reef.beside.home import DagsterHome, completed
from reef.errors import ReefError
from reef.settings import Beside, HostSettings
from reef.statedir import open_state_dir

pytestmark = pytest.mark.timeout(240)

BESIDE = """
python_logs: {managed_python_loggers: [acme_lib], python_log_level: INFO}
run_retries: {enabled: true, max_retries: 0}
secrets:
  custom:
    module: dagster._core.secrets.env_file
    class: PerProjectEnvFileLoader
    config: {location_paths: {secreted: secrets/secreted, stepped: secrets/secreted}}
"""
DEFS = """
import os
from pathlib import Path
from dagster import *

@op
def tell(context):
    import logging
    logging.getLogger("acme_lib").info("told by a library")
    Path(os.environ["TOLD"] + "-{name}").write_text(os.environ.get("SECRET", "no secret") + " of the run")

@job(executor_def={executor})
def telling():
    tell()

assets = [AssetSpec(os.environ.get("SECRET", "none"))] if "{name}" == "secreted" else []
defs = Definitions(jobs=[telling], assets=assets)
"""


ONE = {"secreted": "in_process_executor"}


def fleet_in(folder: Path, locations: Mapping[str, str] = ONE) -> Path:
    """`locations` are names and executors."""
    folder.mkdir()
    lines = ["load_from:"]
    for name, executor in locations.items():
        (folder / f"{name}.py").write_text(DEFS.format(name=name, executor=executor))
        lines.append(f"- python_file: {{relative_path: {name}.py, location_name: {name}}}")
    (folder / "workspace.yaml").write_text("\n".join([*lines, ""]))
    secrets = folder / "secrets" / "secreted"
    secrets.mkdir(parents=True)
    (secrets / ".env").write_text("SECRET=first\n")
    return folder


def asset_keys(reef: Reef) -> list[str]:
    found = reef.graphql("{assetNodes{assetKey{path}}}")["assetNodes"]
    return ["/".join(node["assetKey"]["path"]) for node in found]


def instance_says(reef: Reef) -> dict[str, object]:
    info = reef.graphql("{instance{info}}")["instance"]["info"]
    found = yaml.safe_load(info)
    assert isinstance(found, dict)
    return found


def test_a_dagster_yaml_beside_the_workspace_is_used(folder: Path, reefs: list[Reef]) -> None:
    """Reef is started in the folder; `test_a_folders_dagster_yaml_with_a_mistake_is_one_error` names the folder."""
    fleet = fleet_in(
        folder / "fleet", {"secreted": "in_process_executor", "stepped": "multiprocess_executor"}
    )
    (fleet / "dagster.yaml").write_text(BESIDE)
    env = {"TOLD": str(folder / "told")}
    reef = Reef("up", Path("workspace.yaml"), folder / "s", env=env, cwd=fleet)
    reefs.append(reef)
    reef.until_up()
    assert f"the Dagster instance is as {fleet / 'dagster.yaml'} says" in reef.said()
    until(lambda: all(map(reef.entries().get, ("secreted", "stepped"))))
    assert asset_keys(reef) == ["first"]
    says = instance_says(reef)
    assert says["python_logs"] == {"managed_python_loggers": ["acme_lib"], "python_log_level": "INFO"}
    assert says["run_retries"] == {"enabled": True, "max_retries": 0}
    assert says["sensors"] == {"use_threads": True, "num_workers": 8}
    runs = {name: reef.launch(name, "telling") for name in ("secreted", "stepped")}
    for name, run in runs.items():
        assert reef.run_ends(run) == "SUCCESS"
        assert (folder / f"told-{name}").read_text() == "first of the run"
        assert "told by a library" in log_of(reef, run)
    secrets = fleet / "secrets" / "secreted" / ".env"
    secrets.unlink()
    reef.command("reload", "secreted")
    until(lambda: asset_keys(reef) == ["none"])
    secrets.write_text("SECRET=second\n")
    reef.command("wake", "secreted")
    until(lambda: asset_keys(reef) == ["second"])


def log_of(reef: Reef, run: str) -> str:
    query = (
        "query($r:ID!){logsForRun(runId:$r){... on EventConnection{events{... on MessageEvent{message}}}}}"
    )
    events = reef.graphql(query, {"r": run})["logsForRun"]["events"]
    return "\n".join(str(event.get("message")) for event in events)


def test_dagster_home_is_taken_from_a_folders_env_file(folder: Path, reefs: list[Reef]) -> None:
    """And variables that choose a target reach nobody: Dagster's commands would take them for options, and the host
    would be of a server that it starts for something else."""
    fleet, home = fleet_in(folder / "fleet"), folder / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("run_retries: {enabled: true, max_retries: 7}\n")
    (fleet / ".env").write_text(f"DAGSTER_HOME={home}\n")
    (fleet / "dagster.yaml").write_text(BESIDE)
    chosen = {"DAGSTER_MODULE_NAME": "nowhere", "DAGSTER_ATTRIBUTE": "nothing", "DAGSTER_INSTANCE_REF": "{}"}
    reef = Reef("up", fleet, folder / "s", env={**chosen, "TOLD": str(folder / "told")})
    reefs.append(reef)
    reef.until_up()
    assert f"the Dagster instance is that of DAGSTER_HOME, {home}" in reef.said()
    assert (
        f"{fleet / 'dagster.yaml'} is not taken: the instance is as {home / 'dagster.yaml'} says"
        in reef.said()
    )
    assert "warning: DAGSTER_MODULE_NAME is set and not taken: " in reef.said()
    assert "warning: DAGSTER_INSTANCE_REF is set and not taken: " in reef.said()
    until(lambda: reef.entries().get("secreted"))
    assert instance_says(reef)["run_retries"] == {"enabled": True, "max_retries": 7}
    assert asset_keys(reef) == ["none"]
    assert reef.run_ends(reef.launch("secreted", "telling")) == "SUCCESS"
    assert (home / "history").is_dir()
    assert not (folder / "s" / "dagster_home").exists()


@pytest.mark.parametrize("content", ["no_such_setting: 1\n", "code_servers: {local_startup_timeout: soon}\n"])
def test_a_folders_dagster_yaml_with_a_mistake_is_one_error(
    folder: Path, reefs: list[Reef], content: str
) -> None:
    fleet = fleet_in(folder / "fleet")
    (fleet / "dagster.yaml").write_text(content)
    reef = Reef("up", fleet, folder / "s", env={"TOLD": "/nowhere"})
    reefs.append(reef)
    assert reef.process.wait(scaled(90)) == 2, reef.said()
    assert "Traceback" not in reef.said()
    assert str(fleet / "dagster.yaml") in reef.said()
    assert processes_mentioning(str(reef.state)) == {}


# -- which one is chosen, and what is said: without a process ------------------------------------------


class Chosen:
    """What `choose_home` answers and says, for a fleet in `folder`."""

    def __init__(self, folder: Path, environ: Mapping[str, str], **settings: object) -> None:
        self.said: list[str] = []
        self.state = open_state_dir(folder.parent / "s")
        fleet = fleets.read(str(folder), environ, "/usr/bin/python3")
        asked = HostSettings(path=str(folder), **settings)  # type: ignore[arg-type]
        self.home: DagsterHome | None = choose_home(asked, fleet, self.state, environ, self.said.append)

    @property
    def path(self) -> str | None:
        return self.home.path if self.home else None


def test_an_option_goes_before_everything(folder: Path) -> None:
    fleet, other, asked = fleet_in(folder / "fleet"), folder / "other", folder / "asked"
    for each in (other, asked):
        each.mkdir()
    (fleet / "dagster.yaml").write_text("{}\n")
    chosen = Chosen(fleet, {"DAGSTER_HOME": str(other)}, dagster_home=str(asked))
    assert chosen.path == str(asked)
    assert [line for line in chosen.said if "dagster.yaml is not taken" in line]


def test_an_env_file_goes_before_the_environment(folder: Path) -> None:
    fleet, other, written = fleet_in(folder / "fleet"), folder / "other", folder / "written"
    for each in (other, written):
        each.mkdir()
    (fleet / ".env").write_text(f"DAGSTER_HOME={written}\n")
    assert Chosen(fleet, {"DAGSTER_HOME": str(other)}).path == str(written)


def test_an_option_beside_another_home_of_an_env_file_is_refused(folder: Path) -> None:
    """Dagster's own commands, code servers too, would read the file's."""
    fleet, written, asked = fleet_in(folder / "fleet"), folder / "written", folder / "asked"
    for each in (written, asked):
        each.mkdir()
    (fleet / ".env").write_text(f"DAGSTER_HOME={written}\n")
    with pytest.raises(ReefError, match=r"\.env: DAGSTER_HOME = .*, but --dagster-home is"):
        Chosen(fleet, {}, dagster_home=str(asked))
    assert Chosen(fleet, {}, dagster_home=str(written)).path == str(written)


def test_reefs_own_instance_where_nothing_says_otherwise(folder: Path) -> None:
    chosen = Chosen(fleet_in(folder / "fleet"), {})
    assert chosen.home is not None
    assert chosen.home.embedded
    assert chosen.said == []


def test_the_demo_leaves_everybodys_instance_alone(folder: Path) -> None:
    fleet, other = fleet_in(folder / "fleet"), folder / "other"
    other.mkdir()
    chosen = Chosen(fleet, {"DAGSTER_HOME": str(other)}, beside=Beside(), own_instance=True)
    assert chosen.home is not None
    assert chosen.home.embedded


def test_reef_serve_takes_dagster_home_and_says_what_it_passes_over(folder: Path) -> None:
    fleet, other = fleet_in(folder / "fleet"), folder / "other"
    other.mkdir()
    (other / "dagster.yaml").write_text(BESIDE)
    (fleet / "dagster.yaml").write_text("{}\n")
    without = Chosen(fleet, {}, beside=None)
    assert without.path is None
    assert "dagster.yaml is not taken" in without.said[0]
    assert "--dagster-home" in without.said[0]
    taken = Chosen(fleet, {"DAGSTER_HOME": str(other)}, beside=None)
    assert taken.home is not None
    assert taken.home.settings.injects_variables


def test_what_dagster_itself_passes_over_is_said(folder: Path) -> None:
    fleet = fleet_in(folder / "fleet")
    (fleet / "dagster.yml").write_text("{}\n")
    (line,) = Chosen(fleet, {}).said
    assert "dagster.yml is not taken: Dagster reads dagster.yaml only" in line


def test_a_setting_that_has_no_effect_is_said(folder: Path) -> None:
    fleet = fleet_in(folder / "fleet")
    (fleet / "dagster.yaml").write_text("code_servers: {wait_for_local_processes_on_shutdown: true}\n")
    said = Chosen(fleet, {}).said
    assert [line for line in said if "wait_for_local_processes_on_shutdown has no effect" in line]


@pytest.mark.parametrize(
    ("text", "with_defaults"),
    [
        ("", {"a": 1, "run_coordinator": 2}),
        ("{a: '1e3'}", {"a": "1e3", "run_coordinator": 2}),
        ("b: &x [2026-01-01, yes]\nc: *x\n", None),
        ("run_queue: {max_concurrent_runs: 3}\n", {"a": 1, "run_queue": {"max_concurrent_runs": 3}}),
        ("concurrency: {}\na: 5\n", {"a": 5, "concurrency": {}}),
    ],
)
def test_defaults_are_put_below_what_is_written(text: str, with_defaults: object) -> None:
    found = completed(text, {"a": 1, "run_coordinator": 2})
    expected = with_defaults or {"a": 1, "run_coordinator": 2, **yaml.safe_load(text)}
    assert yaml.safe_load(found) == expected
    assert ("'1e3'" in found) == ("1e3" in text)  # a quoted value stays one
