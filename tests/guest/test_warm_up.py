"""Learning what a location imports."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from hosts import child_env

from reef.hosting.plan import WarmUp
from reef.hosting.warmup import WarmUpFailed, warm_up


def test_the_sample_learns_what_a_server_loads_late(warmed: WarmUp) -> None:
    names = [one.name for one in warmed.modules]
    assert warmed.error is None
    assert warmed.notes == ()
    assert {"dagster", "grpc._server", "sqlalchemy", "alembic", "dagster._grpc.server"} <= set(names)
    assert names.index("dagster") < names.index("dagster._grpc.server")
    assert not [name for name in names if name.startswith("reef")]


def test_reads_of_the_environment_are_known_by_module(warmed: WarmUp) -> None:
    reads = {one.name: one.env_read for one in warmed.modules}
    assert "PYTHONTZPATH" in reads["zoneinfo._tzpath"]
    assert not [name for name, read in reads.items() if "*" in read and name.startswith("dagster._vendored")]


def test_what_a_module_asks_for_is_known(tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").write_text("")
    (tmp_path / "pack" / "low.py").write_text("import os\nos.environ.get('LOW')\n")
    (tmp_path / "pack" / "high.py").write_text(
        "from . import low\nimport importlib\nimportlib.import_module('lazy_one')"
    )
    (tmp_path / "lazy_one.py").write_text("import json, os\n'X' in os.environ\n")
    (tmp_path / "location.py").write_text("import pack.high\nimport dagster as dg\ndefs = dg.Definitions()")
    seen = asyncio.run(
        warm_up(
            sys.executable,
            child_env(),
            str(tmp_path),
            str(tmp_path / "log"),
            ("-f", str(tmp_path / "location.py")),
        )
    )
    by_name = {one.name: one for one in seen.modules}
    assert by_name["pack.low"].env_read == ("LOW",)
    assert by_name["pack.high"].env_read == ()
    assert {"pack.low", "lazy_one"} <= set(by_name["pack.high"].needs)
    assert "json" in by_name["lazy_one"].needs
    assert by_name["lazy_one"].env_read == ("X",)
    assert by_name["pack.low"].file == str(tmp_path / "pack" / "low.py")


def test_a_location_that_does_not_load_is_told(tmp_path: Path) -> None:
    (tmp_path / "location.py").write_text("import json\nraise ValueError('no')")
    args = ("-f", str(tmp_path / "location.py"))
    seen = asyncio.run(warm_up(sys.executable, child_env(), str(tmp_path), str(tmp_path / "log"), args))
    assert seen.error is not None
    assert "dagster" in [one.name for one in seen.modules]


def test_an_interpreter_that_cannot_be_warmed_up(tmp_path: Path) -> None:
    with pytest.raises(WarmUpFailed, match="cannot be started"):
        asyncio.run(warm_up("/nonexistent/python", {}, str(tmp_path), str(tmp_path / "log")))


def test_the_fleet_s_own_instance_is_left_alone(tmp_path: Path) -> None:
    """A fresh one would be made by two at once: the webserver makes its storages meanwhile."""
    home = tmp_path / "home"
    home.mkdir()
    env = child_env(DAGSTER_HOME=str(home))
    seen = asyncio.run(warm_up(sys.executable, env, "/", str(tmp_path / "log")))
    assert (seen.error, seen.notes) == (None, ())
    assert list(home.iterdir()) == []
