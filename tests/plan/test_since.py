"""`reef plan --since`: which locations a change touches, as somebody who runs it in CI sees it."""

from __future__ import annotations

from pathlib import Path

import pytest
from repositories import commit, git, planned, reef, repository, touched, why, write

FLEET = """
locations:
  sales: {code: sales/defs.py, env_file: sales/sales.env}
  stock: {code: {package: stock}}
  plain: {code: {module: plain.definitions}}
"""
FILES = {
    "reef.yaml": FLEET,
    "sales/defs.py": "import os\nfrom shared import db\n",
    "sales/query.sql": "select 1",
    "sales/sales.env": "KEY=one\n",
    "stock/__init__.py": "def lazily():\n    from shared.deep.formats import csv\n",
    "plain/__init__.py": "",
    "plain/definitions.py": "import json\n",
    "shared/__init__.py": "",
    "shared/db.py": "from . import dialect\n",
    "shared/dialect.py": "",
    "shared/unused.py": "",
    "shared/columns.yaml": "",
    "shared/deep/formats/csv.py": "",
    "docs/readme.md": "",
}


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repository(tmp_path, FILES)


def test_nothing_changed_touches_nothing(repo: Path) -> None:
    assert not planned(repo).anything
    assert reef(repo, "plan", "--since", "HEAD", "--json")[0] == 0


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("sales/defs.py", {"sales"}),
        ("sales/query.sql", {"sales"}),
        ("sales/sales.env", {"sales"}),
        ("stock/new.txt", {"stock"}),
        ("shared/db.py", {"sales"}),
        ("shared/dialect.py", {"sales"}),
        ("shared/deep/formats/csv.py", {"stock"}),
        ("shared/deep/formats/__init__.py", {"stock"}),
        ("shared/__init__.py", {"sales", "stock"}),
        ("shared/columns.yaml", {"sales", "stock"}),
        ("shared/unused.py", set()),
        ("docs/readme.md", set()),
        ("requirements.txt", {"sales", "stock", "plain"}),
        ("uv.lock", {"sales", "stock", "plain"}),
        ("plain/requirements-dev.txt", {"plain"}),
        ("plain/__pycache__/definitions.cpython-311.pyc", set()),
        ("json.py", {"plain"}),  # shadows the standard library's from now on
    ],
)
def test_one_file(repo: Path, changed: str, expected: set[str]) -> None:
    write(repo, {changed: "# changed\n"})
    assert touched(repo) == expected
    commit(repo)
    assert touched(repo) == set()
    assert touched(repo, "HEAD~1") == expected


def test_the_chain_of_imports_is_told(repo: Path) -> None:
    write(repo, {"shared/dialect.py": "X = 1\n"})
    (reason,) = why(repo, "sales").reasons
    assert (reason.kind, reason.path) == ("module", f"{repo}/shared/dialect.py")
    assert [part.removeprefix(f"{repo}/") for part in reason.chain] == [
        "sales/defs.py:2",
        "shared/db.py:1",
        "shared/dialect.py",
    ]


@pytest.mark.parametrize("gone", ["shared/dialect.py", "shared/deep/formats/csv.py"])
def test_a_deleted_module_touches_who_imported_it(repo: Path, gone: str) -> None:
    git(repo, "rm", "-q", gone)
    assert touched(repo) == ({"sales"} if "dialect" in gone else {"stock"})


def test_a_module_that_becomes_a_package(repo: Path) -> None:
    git(repo, "rm", "-q", "shared/dialect.py")
    write(repo, {"shared/dialect/__init__.py": "from . import inner\n", "shared/dialect/inner.py": ""})
    commit(repo)
    assert touched(repo, "HEAD~1") == {"sales"}
    write(repo, {"shared/dialect/inner.py": "# \n"})
    assert touched(repo) == {"sales"}


def test_settings_are_compared_with_those_of_the_revision(repo: Path) -> None:
    changed = FLEET.replace("package: stock}", "package: stock}, env: {A: b}, owner: me").replace(
        "  plain:", "  fresh: {code: {module: plain.definitions}}\n  plain2:"
    )
    write(repo, {"reef.yaml": changed})
    plan = planned(repo)
    reasons = {one.location: [(why.kind, why.text) for why in one.reasons] for one in plan.locations}
    assert reasons == {
        "sales": [],
        "stock": [("setting", "setting env.A changed")],
        "fresh": [("new", "new in the fleet")],
        "plain2": [("new", "new in the fleet")],
    }
    assert plan.removed == ("plain",)


def test_settings_that_do_not_change_what_runs_touch_nothing(repo: Path) -> None:
    write(
        repo,
        {
            "reef.yaml": "# a comment\n"
            + FLEET.replace("sales.env}", "sales.env, owner: me, memory_limit: 1Gi}")
        },
    )
    assert not planned(repo).anything


def test_a_fleet_that_could_not_be_read_then_counts_as_changed(repo: Path) -> None:
    write(repo, {"reef.yaml": "locations: ["})
    commit(repo)
    write(repo, {"reef.yaml": FLEET})
    plan = planned(repo)
    assert all(one.touched for one in plan.locations)
    assert "cannot be read" in plan.locations[0].reasons[0].text


def test_a_fleet_that_was_not_there_is_new(repo: Path) -> None:
    write(
        repo, {"other/workspace.yaml": "load_from: [{python_file: {relative_path: a.py}}]", "other/a.py": ""}
    )
    (one,) = planned(repo / "other").locations
    assert [reason.kind for reason in one.reasons] == ["new"]


def test_exit_statuses(repo: Path) -> None:
    write(repo, {"shared/db.py": "# \n"})
    status, said, _ = reef(repo, "plan", "--since", "HEAD", "--json")
    assert (status, said["changes"], said["changed_files"]) == (2, True, 1)
    assert {one["name"]: one["touched"] for one in said["locations"]} == {
        "sales": True,
        "stock": False,
        "plain": False,
    }
    for words in (
        ["--since", "no-such-revision"],
        ["--sinse", "HEAD"],
        ["--since", "HEAD", "nowhere"],
        ["--since"],
    ):
        status, _, stderr = reef(repo, "plan", *words)
        assert status == 1, words
        assert "Traceback" not in stderr
        assert "rror" in stderr
    write(repo, {"reef.yaml": "locations: {sales: {cod: x}}"})
    assert reef(repo, "plan", "--since", "HEAD")[0] == 1


def test_outside_a_repository(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    status, _, stderr = reef(tmp_path, "plan", "--since", "HEAD")
    assert (status, "in no git repository" in stderr) == (1, True), stderr


def test_a_symbolic_link_to_a_shared_folder(repo: Path) -> None:
    (repo / "sales" / "vendored").symlink_to("../shared/deep")
    write(repo, {"sales/defs.py": "from sales.vendored.formats import csv\n"})
    commit(repo)
    write(repo, {"shared/deep/formats/csv.py": "# \n"})
    assert touched(repo) == {"sales", "stock"}


def test_a_change_to_a_dbt_project_touches_who_loads_dbt_assets(tmp_path: Path) -> None:
    """Beside the package, as Dagster's own example has it: what the code reads of it is a manifest that git ignores."""
    files = {
        "reef.yaml": "locations:\n  models: {code: models.definitions}\n  parts: {code: parts.definitions}\n"
        "  other: {code: other/defs.py}\n",
        "models/definitions.py": "from .assets import everything\n",
        "models/assets.py": "from dagster_dbt import dbt_assets\neverything = []\n",
        "parts/definitions.py": "from dagster import load_from_defs_folder\nfrom pathlib import Path\n"
        "defs = load_from_defs_folder(path_within_project=Path(__file__).parent)\n",
        "parts/defs/jaffle/defs.yaml": "type: dagster_dbt.DbtProjectComponent\n",
        "other/defs.py": "",
        "dbt_project/dbt_project.yml": "",
        "dbt_project/models/orders.sql": "select 1",
        "notes/orders.sql": "select 1",
    }
    repo = repository(tmp_path, files)
    write(repo, {"notes/orders.sql": "select 2"})
    assert touched(repo) == set()
    write(repo, {"dbt_project/models/orders.sql": "select 2"})
    assert touched(repo) == {"models", "parts"}
    (reason,) = why(repo, "models").reasons
    assert (reason.kind, reason.path) == ("dbt", str(repo / "dbt_project/models/orders.sql"))
