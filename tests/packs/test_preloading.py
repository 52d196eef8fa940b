"""What a container's zygote preloads, as a table of what is known and what is planned."""

from __future__ import annotations

from typing import Any

import pytest

from reef.hosting.contract import LoadReport
from reef.hosting.plan import WarmedModule, ZygotePlan
from reef.packs import preloading
from reef.peers.messages import PackLocation

SITE = "/usr/lib/python3.11/site-packages"
BASE = (
    WarmedModule("decimal", "/usr/lib/python3.11/decimal.py"),
    WarmedModule("dagster", f"{SITE}/dagster/__init__.py"),
    WarmedModule("yaml", f"{SITE}/yaml/__init__.py"),
    WarmedModule("tuned", f"{SITE}/tuned.py", env_read=("TUNE_LEVEL", "LOUD_*")),
)
PANDAS = WarmedModule("pandas", f"{SITE}/pandas/__init__.py")


def location(name: str, **more: Any) -> PackLocation:
    return PackLocation(name=name, container="c", version="v", grpc_args=more.pop("args", ()), **more)


def plan(*group: PackLocation, own: tuple[str, ...] = ()) -> ZygotePlan:
    return preloading.plan_of(group, "/usr/bin/python3", "s1", BASE, [PANDAS], frozenset(own))


def test_what_all_may_share_is_preloaded_and_what_servers_load_is_shared() -> None:
    made = plan(location("a"), location("b"))
    assert made.modules == ("decimal", "dagster", "yaml", "tuned", "pandas")
    assert made.shared == ("decimal", "dagster", "yaml", "tuned")
    assert (made.locations, made.never) == (("a", "b"), ())


@pytest.mark.parametrize("env", [{"TUNE_LEVEL": "2"}, {"LOUD_PART": "x"}])
def test_what_reads_a_variable_in_which_locations_differ_is_not_preloaded(env: dict[str, str]) -> None:
    made = plan(location("a"), location("b", env=env))
    assert made.never == ("tuned",)
    assert "tuned" not in (*made.modules, *made.shared)
    assert "tuned" in plan(location("a", env=env), location("b", env=env)).modules


def test_what_lies_in_a_locations_own_folder_is_not_preloaded() -> None:
    assert plan(location("a"), location("b"), own=("yaml", "sales")).never == ("yaml",)


def test_another_start_of_the_container_is_another_zygote() -> None:
    group = (location("a"), location("b"))
    keys = [preloading.plan_of(group, "/p", start, BASE, (), frozenset()).key for start in ("s1", "s1", "s2")]
    assert keys[0] == keys[1] != keys[2]


def test_who_differs_in_what_counts_at_exec_or_in_the_interpreter_is_apart() -> None:
    locations = [
        location("a"),
        location("b", env={"X": "1"}),
        location("c", env={"LANG": "C"}),
        location("d", python="/opt/python"),
    ]
    assert [[one.name for one in group] for group in preloading.groups(locations)] == [
        ["a", "b"],
        ["c"],
        ["d"],
    ]


def test_what_is_a_locations_own_is_not_installed() -> None:
    report = LoadReport(
        modules={
            "sales": "/app/sales.py",
            "json": "/usr/local/lib/python3.12/json/__init__.py",
            "pandas": f"{SITE}/pandas/__init__.py",
            "sys": "",
            "__main__": f"{SITE}/dagster/__main__.py",
        },
        files_read=(),
        dirs_listed=(),
        env_read={"pandas": ("TZ",)},
        threads=1,
        load_s=1.0,
        private_bytes=1,
    )
    found = preloading.reported(report)
    assert [(one.name, one.env_read) for one in found] == [("json", ()), ("pandas", ("TZ",))]


@pytest.mark.parametrize(
    ("args", "working_directory", "folders"),
    [
        (("-m", "sales"), None, ("/app",)),
        (("-f", "defs.py"), "/srv", ("/srv", "/srv/.")),
        (("-f", "/code/defs.py", "-d", "src"), None, ("/app", "/app/src", "/code")),
    ],
)
def test_folders_of_a_location(
    args: tuple[str, ...], working_directory: str | None, folders: tuple[str, ...]
) -> None:
    one = location("a", args=args, working_directory=working_directory)
    assert preloading.folders_of(one, "/app") == folders
