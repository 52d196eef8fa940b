"""What changes a location's version, and what does not."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from reef.decide.versions import changed_settings, setting_marks, settings_hash, version
from reef.errors import Where
from reef.fleet.model import CodeTarget, Location

SALES = Location(
    "sales",
    code=CodeTarget(python_file="/srv/repo/sales/defs.py", working_directory="/srv/repo"),
    python="/srv/venv/bin/python",
    cwd="/srv/repo",
    env={"API_KEY": "s3cret", "REGION": "eu"},
)


def version_of(location: Location, source: str = "s", environment: str = "e", root: str | None = None) -> str:
    return version(location, source, environment, settings_hash(location, root))


@pytest.mark.parametrize(
    "other",
    [
        replace(SALES, owner="data"),
        replace(SALES, memory_limit_bytes=1 << 30),
        replace(SALES, idle_timeout_s=5),
        replace(SALES, max_concurrent_calls=2, load_timeout_s=9, on_load_error="show"),
        replace(SALES, placement="standing"),
        replace(SALES, python="/elsewhere/bin/python"),
        replace(SALES, env_files=("/srv/repo/.env",)),
        replace(SALES, where=Where("reef.yaml", 3)),
        replace(SALES, env=dict(reversed(SALES.env.items()))),
    ],
)
def test_what_does_not_change_what_runs_is_the_same_version(other: Location) -> None:
    assert other != SALES or list(other.env) != list(SALES.env)
    assert version_of(other) == version_of(SALES)


@pytest.mark.parametrize(
    "other",
    [
        replace(SALES, name="sales2"),
        replace(SALES, env={"API_KEY": "other", "REGION": "eu"}),
        replace(SALES, env={"REGION": "eu"}),
        replace(SALES, env={**SALES.env, "MORE": ""}),
        replace(SALES, cwd="/srv/repo/sales"),
        replace(
            SALES, code=CodeTarget(python_file="/srv/repo/sales/other.py", working_directory="/srv/repo")
        ),
        replace(SALES, code=CodeTarget(python_file="/srv/repo/sales/defs.py", attribute="defs")),
        replace(SALES, python_explicit=True),
        replace(SALES, container_image="acme/sales:2"),
        replace(SALES, container_context={"k8s": {"env": ["A"]}}),
    ],
)
def test_what_changes_what_runs_is_another_version(other: Location) -> None:
    assert version_of(other) != version_of(SALES)


def test_source_environment_and_defs_state_count() -> None:
    settings = settings_hash(SALES)
    found = {
        version(SALES, "s", "e", settings),
        version(SALES, "s2", "e", settings),
        version(SALES, "s", "e2", settings),
        version(SALES, "s", "e", settings, "state"),
        version(SALES, "se", "", settings),
    }
    assert len(found) == 5


def test_another_checkout_is_the_same_version() -> None:
    moved = replace(
        SALES,
        code=CodeTarget(python_file="/home/me/r/sales/defs.py", working_directory="/home/me/r"),
        cwd="/home/me/r",
    )
    assert version_of(moved, root="/home/me/r/sales") == version_of(SALES, root="/srv/repo/sales")


def test_the_version_is_the_same_under_every_hash_seed() -> None:
    program = (
        "from reef.decide.versions import *; from reef.fleet.model import *;"
        "l = Location('a', code=CodeTarget(module_name='m'), env={'A': '1', 'B': '2'}, container_context={'x': {}});"
        "print(version(l, 's', 'e', settings_hash(l)))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "77")
    }
    assert len(found) == 1


def test_marks_say_which_setting_changed_and_no_value() -> None:
    other = replace(SALES, env={"API_KEY": "new", "ADDED": "1"}, container_image="x")
    old, new = setting_marks(SALES, b"key"), setting_marks(other, b"key")
    assert changed_settings(old, new) == ("container_image", "env.ADDED", "env.API_KEY", "env.REGION")
    assert "s3cret" not in repr(old)
    assert setting_marks(SALES, b"another key")["env.API_KEY"] != old["env.API_KEY"]
    assert changed_settings(old, setting_marks(replace(SALES, owner="x"), b"key")) == ()
