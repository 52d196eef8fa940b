"""What real locations are like, each as a small location of ours, all in one fleet under one host."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dagster._core.remote_representation.external_data import RepositoryErrorSnap
from dagster._serdes import deserialize_value
from eyes import Eyes, telling, write
from reefs import Reef, processes_mentioning, until

from deadlines import scaled
from reef.demo.venvs import Environment, make_environments

pytestmark = pytest.mark.timeout(240)

SECRET = "hunter2-only-for-the-one"  # noqa: S105
PATCHED = "1.0.7"
ODD_NAME = "Söhne & Töchter / データ"
OTHERS = {
    "python312": "/opt/rv/d3.12/bin/python",
    "python313": "/opt/rv/d3.13/bin/python",
    "older": "/opt/rv/old3.12/bin/python",
}
NEEDS = "import os\nWAREHOUSE = os.environ['WAREHOUSE_OF_THIS_LOCATION']\n"
PLACED = "import there\nTEXT = open('only-here.txt').read()"
SEVERAL = """
@job
def second_job():
    nothing()

@repository
def first():
    return [several_job, tell]

@repository
def second():
    return [second_job]
"""
HALF = """
from dagster._core.remote_representation import external_data
really = external_data.RepositorySnap.from_def

def only_the_well(repository, *args, **kwargs):
    if repository.name == "ill":
        raise RuntimeError("the catalogue cannot be read")
    return really(repository, *args, **kwargs)

external_data.RepositorySnap.from_def = only_the_well

@job
def ill_job():
    nothing()

@repository
def well():
    return [half_job, tell]

@repository
def ill():
    return [ill_job]
"""
LAZY = """
LOADED = []

@definitions
def whatever_name():
    LOADED.append(1)
    return Definitions(jobs=[lazy_job], sensors=[tell])
"""
ODD = "größe_1 = Definitions(jobs=[odd_job], sensors=[tell])\nother = Definitions()"
WRITES = """
import os, time
open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "generated.py"), "w").write(f"AT = {time.time_ns()}\\n")
"""
RESULT = """
    with open(os.path.join(os.path.dirname(__file__), "data", "result.csv"), "a") as file: file.write("1,2\\n")
"""


def locations(folder: Path) -> dict[str, str]:
    """Name → its settings; writes the code of each."""
    sources = {
        "has_env": telling("has_env", before=NEEDS, more="'warehouse': WAREHOUSE,"),
        "lacks_env": telling("lacks_env", before=NEEDS),
        "secret": telling("secret"),
        "nosy": telling("nosy", more="'proc': open(f'/proc/{os.getpid()}/environ').read(),"),
        "placed": telling("placed", before=PLACED, more="'text': TEXT, 'there': there.__file__,"),
        "dotenv": telling("dotenv"),
        "several": telling("several", after=SEVERAL),
        "half": telling("half", after=HALF),
        "lazy": telling("lazy", after=LAZY, more="'loaded': LOADED,"),
        "odd": telling("odd", after=ODD),
        "writes": telling("writes", before=WRITES),
        "results": telling("results", tick=RESULT),
        "results_git": telling("results_git", tick=RESULT),
        "named": telling("named"),
    }
    for name, source in sources.items():
        write(folder / name / "defs.py", source)
    settings = {name: f"code: {name}/defs.py" for name in sources}
    settings["has_env"] += "\n    env: {WAREHOUSE_OF_THIS_LOCATION: dev}"
    settings["secret"] += f"\n    env: {{API_TOKEN: {SECRET}}}"
    settings["placed"] += "\n    cwd: place\n    working_directory: onpath"
    settings["dotenv"] += "\n    cwd: dotenv"
    settings["odd"] = "code: {python_file: odd/defs.py, attribute: größe_1}"
    settings[ODD_NAME] = settings.pop("named")
    write(folder / "place" / "only-here.txt", "found")
    write(folder / "onpath" / "there.py", "")
    write(folder / "dotenv" / ".env", "FROM_DOTENV=yes\n")
    subprocess.run(["git", "init", "-q", str(folder / "results_git")], check=True)
    for name in ("results", "results_git"):
        write(folder / name / "data" / "result.csv", "a,b\n")
    write(folder / "results_git" / ".gitignore", "data/\n")
    for name in ("alpha", "beta"):  # the same top-level names, other things in them
        write(folder / name / "core" / "__init__.py", f"NAME = {name!r}\n")
        write(folder / name / "utils.py", f"from core import NAME as OF\nassert OF == {name!r}\n")
        more = "'core': __import__('core').NAME, 'utils': __import__('utils').OF,"
        write(folder / name / "core" / "definitions.py", telling(name, before="import utils", more=more))
        settings[name] = f"code: {{module: core.definitions}}\n    working_directory: {name}"
    for name, python in {**OTHERS, "patched": patched(folder)}.items():
        if os.path.exists(python):
            write(
                folder / name / "defs.py", telling(name, more="'dagster': __import__('dagster').__version__,")
            )
            settings[name] = f"code: {name}/defs.py\n    python: {python}"
    return settings


def patched(folder: Path) -> str:
    """An environment like ours, but for one file of its Dagster; its interpreter."""
    python = make_environments(sys.executable, folder, [Environment("venv")]).pythons["venv"]
    version = next(Path(python).parents[1].glob("lib/python*/site-packages/dagster/version.py"))
    version.unlink()  # a hard link: to be replaced, not to be written to
    version.write_text(f"__version__ = {PATCHED!r}\n")
    return python


@pytest.fixture(scope="module")
def reef(folder: Path, start: Callable[..., Reef]) -> Reef:
    text = "".join(f"  {name}:\n    {settings}\n" for name, settings in locations(folder).items())
    write(folder / "reef.yaml", f"defaults: {{idle_timeout: never}}\nlocations:\n{text}")
    env = {"DAGSTER_IS_DEV_CLI": "1", "DAGSTER_GRPC_PORT": "1", "DAGSTER_GRPC_MAX_RX_BYTES": "150000000"}
    (folder / "home").mkdir()
    home = ("--dagster-home", str(folder / "home"))
    return start("serve", folder / "reef.yaml", folder / "s", *home, env=env).until_up(150)


@pytest.fixture(scope="module")
def told(reef: Reef) -> Callable[[str], dict[str, Any]]:
    """What a location says of its process."""
    return lambda name: Eyes(reef, name).tick()


def test_each_location_has_the_environment_that_it_needs(
    reef: Reef, told: Callable[[str], dict[str, Any]]
) -> None:
    assert told("has_env")["warehouse"] == "dev"
    assert "KeyError: 'WAREHOUSE_OF_THIS_LOCATION'" in Eyes(reef, "lacks_env").load_error()


def test_invariant_15_a_secret_is_in_no_other_process(
    reef: Reef, told: Callable[[str], dict[str, Any]]
) -> None:
    secret, nosy = told("secret"), told("nosy")
    assert secret["env"]["API_TOKEN"] == SECRET
    assert "API_TOKEN" not in nosy["env"]
    assert "API_TOKEN" not in nosy["proc"]
    assert set(processes_mentioning(SECRET)) <= {secret["pid"]}
    logs = [path for path in (reef.state / "logs").iterdir() if SECRET in path.read_text(errors="replace")]
    assert logs == []


def test_the_process_runs_in_its_cwd_and_the_working_directory_is_on_its_path(
    folder: Path, told: Callable[[str], dict[str, Any]]
) -> None:
    placed = told("placed")
    assert placed["text"] == "found"
    assert placed["cwd"] == str(folder / "place")
    assert placed["there"] == str(folder / "onpath" / "there.py")


def test_a_dotenv_file_in_the_cwd_is_read_as_dagster_reads_it(told: Callable[[str], dict[str, Any]]) -> None:
    assert told("dotenv")["env"]["FROM_DOTENV"] == "yes"
    assert "FROM_DOTENV" not in told("nosy")["env"]


def test_the_same_module_names_in_two_locations(told: Callable[[str], dict[str, Any]]) -> None:
    for name in ("alpha", "beta"):
        assert (told(name)["core"], told(name)["utils"]) == (name, name)


def test_several_repositories_in_one_location(reef: Reef) -> None:
    eyes = Eyes(reef, "several")
    assert sorted(eyes.repositories()) == ["first", "second"]
    assert (eyes.jobs("first"), eyes.jobs("second")) == (["several_job"], ["second_job"])
    assert eyes.tick(repository="first")["pid"]


def test_a_repository_that_is_an_error_while_its_server_is_well(reef: Reef) -> None:
    eyes = Eyes(reef, "half")
    assert sorted(eyes.repositories()) == ["ill", "well"]
    assert eyes.jobs("well") == ["half_job"]
    ill = deserialize_value(eyes.client.external_repository(eyes._origin("ill")))
    assert isinstance(ill, RepositoryErrorSnap)
    assert "the catalogue cannot be read" in ill.error.to_string()
    assert eyes.tick(repository="well")["pid"]


def test_lazy_definitions_and_odd_attributes(reef: Reef, told: Callable[[str], dict[str, Any]]) -> None:
    assert told("lazy")["loaded"] == [1, 1]  # as often as `dagster api grpc` calls it
    assert Eyes(reef, "odd").jobs() == ["odd_job"]


def test_a_name_with_spaces_signs_and_other_letters(
    reef: Reef, told: Callable[[str], dict[str, Any]]
) -> None:
    assert Eyes(reef, ODD_NAME).jobs() == ["named_job"]
    pid = told(ODD_NAME)["pid"]
    assert reef.row(ODD_NAME)["pid"] == pid
    assert "asleep" in reef.command("sleep", ODD_NAME).stdout
    assert "code server" in reef.command("logs", ODD_NAME).stdout


def test_the_environment_is_that_of_a_server_in_production(told: Callable[[str], dict[str, Any]]) -> None:
    env = told("nosy")["env"]
    assert "DAGSTER_IS_DEV_CLI" not in env
    assert "DAGSTER_GRPC_PORT" not in env
    assert env["DAGSTER_GRPC_MAX_RX_BYTES"] == "150000000"
    assert env["PATH"].split(os.pathsep)[0] == os.path.dirname(sys.executable)
    assert {name for name in env if name.startswith("REEF_")} == {
        "REEF_SERVICES"
    }  # where shared services are


def rested(reef: Reef, name: str, times: int = 3) -> tuple[list[str], int]:
    """Server ids over sleeps and wakes, and how many probes these took."""
    eyes, before = Eyes(reef, name), reef.row(name)["probes"]
    ids = [eyes.server_id()]
    for _ in range(times):
        reef.command("sleep", name)
        assert eyes.tick()["pid"]
        ids.append(eyes.server_id())
    return ids, reef.row(name)["probes"] - before


def test_one_that_writes_into_its_own_source_at_each_load_does_not_loop(reef: Reef) -> None:
    ids, probes = rested(reef, "writes")
    assert len(set(ids)) == 1
    assert probes == 0
    assert reef.row("writes")["last_error"] is None


def test_ignored_data_that_is_written_into_the_project_is_no_new_version(reef: Reef) -> None:
    ids, probes = rested(reef, "results_git")
    assert (len(set(ids)), probes) == (1, 0)


def test_data_that_is_written_into_the_project_costs_probes_but_no_ticks(reef: Reef) -> None:
    ids, probes = rested(reef, "results")
    assert reef.row("results")["last_error"] is None
    assert probes <= 3, ids


@pytest.mark.parametrize("name", OTHERS)
def test_other_pythons_and_an_older_dagster_in_the_same_fleet(
    reef: Reef, told: Callable[[str], dict[str, Any]], name: str
) -> None:
    python = OTHERS[name]
    if not os.path.exists(python):
        pytest.skip(f"no interpreter at {python}")
    inside = told(name)
    assert inside["executable"] == python
    assert Eyes(reef, name).jobs() == [f"{name}_job"]
    assert Eyes(reef, name).listed().executable_path == python
    if name == "older":
        assert re.match(r"1\.12\.", inside["dagster"])
    else:
        assert inside["python"] == [3, int(name[-2:])]
    row = reef.row(name)
    assert row["forked"] or row["not_forked_because"]


def test_invariant_3_two_builds_of_dagster_do_not_mix(told: Callable[[str], dict[str, Any]]) -> None:
    assert told("patched")["dagster"] == PATCHED
    assert told("nosy")["path"] != told("patched")["path"]


def test_nothing_failed_that_need_not(reef: Reef) -> None:
    failed = {row["name"] for row in reef.status()["locations"] if row["state"] == "failed"}
    assert failed == {"lacks_env"}
    until(lambda: "Traceback" not in (reef.state / "logs" / "reef.log").read_text(), 1.0)


def test_a_workspace_without_locations(folder: Path, start: Callable[..., Reef]) -> None:
    write(folder / "empty" / "workspace.yaml", "load_from: []\n")
    reef = start("serve", folder / "empty" / "workspace.yaml", folder / "e").until_up(30)
    assert "Reef serves 0 code locations" in reef.said()
    assert reef.stop() < scaled(5)
    assert reef.process.returncode == 0
