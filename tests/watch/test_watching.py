"""`reef serve --watch`: what is saved is served, of those locations alone that it concerns.

The tests of this module share one host and follow one another; each leaves a fleet that loads.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from reefs import Reef, until

from deadlines import scaled
from reef.admin import ask_admin

pytestmark = pytest.mark.timeout(240)

FLEET = """
locations:
  sales: {code: sales/defs.py, env_file: sales.env}
  stock: {code: stock/defs.py}
  alone: {code: alone/defs.py}
  table: {code: table/defs.py}
"""
DEFS = """
{before}
import os
from dagster import Definitions, job, op

@op
def nothing(): ...

def made(name):
    @job(name=name)
    def one():
        nothing()
    return one

defs = Definitions(jobs=[made(name) for name in {names}])
"""
WITHIN_S = 2.0
BYTECODE = {"PYTHONDONTWRITEBYTECODE": ""}  # it is written, whoever runs the tests


def defs(names: str, before: str = "") -> str:
    return DEFS.format(names=names, before=before)


class Fleet:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("reef.yaml", FLEET)
        self.write("sales.env", "REGION=eu\n")
        self.write("shared/names.py", "NAMES = ['one']\n")
        self.write("table/tables.csv", "a\n")
        self.write("table/.gitignore", "*.log\n")
        self.write("alone/defs.py", defs("['alone']"))
        self.write(
            "sales/defs.py", defs("[*names.NAMES, os.environ['REGION']]", "import shared.names as names")
        )
        self.write("stock/defs.py", defs("names.NAMES", "import shared.names as names"))
        self.write("table/defs.py", defs("open(__file__[:-7] + 'tables.csv').read().split()"))
        subprocess.run(["git", "init", "-q", folder / "table"], check=True)

    def write(self, path: str, text: str) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)


@pytest.fixture(scope="module")
def fleet(folder: Path) -> Fleet:
    return Fleet(folder / "fleet")


@pytest.fixture(scope="module")
def host(fleet: Fleet, folder: Path, start: Callable[..., Reef]) -> Reef:
    host = start("serve", fleet.folder, folder / "s", "--watch", env=BYTECODE).until_up()
    until(lambda: watch_of(host)["ready"], 20, "for the watcher")
    until(lambda: all(jobs(host, name) for name in ("sales", "stock", "alone", "table")))
    return host


def status(host: Reef) -> dict[str, Any]:
    answer: dict[str, Any] = asyncio.run(ask_admin(host.state / "admin.sock", {"do": "status"}, scaled(30)))
    return answer


def watch_of(host: Reef) -> dict[str, Any]:
    found: dict[str, Any] = status(host)["watch"]
    return found


def jobs(host: Reef, name: str) -> list[str]:
    return sorted(host.row(name)["definitions"].get("jobs") or [])


def probes(host: Reef) -> dict[str, int]:
    return {row["name"]: row["probes"] for row in status(host)["locations"]}


def probed_since(host: Reef, before: dict[str, int]) -> set[str]:
    return {name for name, count in probes(host).items() if count > before[name]}


def test_a_saved_file_is_served_within_two_seconds(host: Reef, fleet: Fleet) -> None:
    before = probes(host)
    saved = time.monotonic()
    fleet.write("alone/defs.py", defs("['alone', 'more']"))
    until(lambda: jobs(host, "alone") == ["alone", "more"], 10)
    assert time.monotonic() - saved < scaled(WITHIN_S)
    assert probed_since(host, before) == {"alone"}
    until(lambda: "watch: alone/defs.py changed: alone promoted in" in host.said(), 5, host.said())


def test_what_is_saved_twice_within_a_second_is_not_the_first_one_s_bytecode(
    host: Reef, fleet: Fleet
) -> None:
    """Python knows bytecode by the second of its source and by its size."""
    file = fleet.folder / "alone" / "defs.py"
    fleet.write("alone/defs.py", defs("['alone', 'first']"))
    until(lambda: jobs(host, "alone") == ["alone", "first"], 10)
    second = file.stat().st_mtime_ns // 10**9 * 10**9
    fleet.write("alone/defs.py", defs("['alone', 'other']"))
    os.utime(file, ns=(second + 999_999_999, second + 999_999_999))
    until(lambda: jobs(host, "alone") == ["alone", "other"], 10)


def test_removals_are_promoted(host: Reef, fleet: Fleet) -> None:
    fleet.write("alone/defs.py", defs("['alone']"))
    until(lambda: jobs(host, "alone") == ["alone"], 10)


def test_a_shared_module_concerns_those_that_import_it(host: Reef, fleet: Fleet) -> None:
    before = probes(host)
    fleet.write("shared/names.py", "NAMES = ['one', 'two']\n")
    until(lambda: jobs(host, "stock") == ["one", "two"] and jobs(host, "sales") == ["eu", "one", "two"], 20)
    assert probed_since(host, before) == {"sales", "stock"}
    until(lambda: "watch: shared/names.py changed: sales, stock promoted in" in host.said(), 5, host.said())


def test_an_error_is_told_and_the_next_save_heals_it(host: Reef, fleet: Fleet) -> None:
    served = host.row("alone")["server_id"]
    fleet.write("alone/defs.py", defs("['alone', 'healed']") + "\ndef half(:\n")
    until(lambda: "alone does not load" in host.said(), 20, host.said())
    until(
        lambda: "  alone: SyntaxError: " in host.said() and "(alone/defs.py:17)" in host.said(),
        5,
        host.said(),
    )
    row = host.row("alone")
    assert "SyntaxError" in row["last_error"]
    assert row["server_id"] == served
    fleet.write("alone/defs.py", defs("['alone', 'healed']"))
    until(lambda: jobs(host, "alone") == ["alone", "healed"], 20)
    assert host.row("alone")["last_error"] is None


def test_an_error_in_a_file_that_only_the_broken_version_reads(host: Reef, fleet: Fleet) -> None:
    fleet.write("elsewhere/late.py", "raise ValueError('not yet')\n")
    fleet.write("alone/defs.py", defs("['alone']", "import elsewhere.late"))
    until(lambda: "ValueError: not yet (elsewhere/late.py:1)" in host.said(), 20, host.said())
    fleet.write("elsewhere/late.py", "")
    until(lambda: jobs(host, "alone") == ["alone"] and host.row("alone")["last_error"] is None, 20)


def test_variables_and_data_files(host: Reef, fleet: Fleet) -> None:
    before = probes(host)
    fleet.write("sales.env", "REGION=us\n")
    until(lambda: "us" in jobs(host, "sales"), 20)
    fleet.write("table/tables.csv", "a\nb\n")
    until(lambda: jobs(host, "table") == ["a", "b"], 20)
    assert probed_since(host, before) == {"sales", "table"}


def test_what_is_ignored_probes_nobody(host: Reef, fleet: Fleet) -> None:
    before = probes(host)
    for name in (
        "table/run.log",
        "alone/.defs.py.swp",
        "alone/defs.py~",
        "sales/__pycache__/x.pyc",
        "unrelated.txt",
    ):
        fleet.write(name, "x")
    os.utime(fleet.folder / "stock" / "defs.py")
    fleet.write("table/tables.csv", "a\nb\nc\n")  # the last to be told
    until(lambda: jobs(host, "table") == ["a", "b", "c"], 20)
    assert probed_since(host, before) == {"table"}


def test_new_folders_renames_and_deletions_are_followed(host: Reef, fleet: Fleet) -> None:
    fleet.write("alone/inner/deep/part.py", "NAMES = ['deep']\n")
    read = "import runpy; NAMES = runpy.run_path(__file__[:-7] + 'inner/deep/part.py')['NAMES']"
    fleet.write("alone/defs.py", defs("NAMES", read))
    until(lambda: jobs(host, "alone") == ["deep"], 20)
    fleet.write("alone/inner/deep/part.py", "NAMES = ['deeper']\n")
    until(lambda: jobs(host, "alone") == ["deeper"], 20)
    (fleet.folder / "alone/inner").rename(fleet.folder / "alone/gone")
    until(lambda: "part.py" in (host.row("alone")["last_error"] or ""), 20, host.said())
    (fleet.folder / "alone/gone").rename(fleet.folder / "alone/inner")
    until(lambda: host.row("alone")["last_error"] is None, 20)
    fleet.write("alone/inner/deep/part.py", "NAMES = ['again']\n")
    until(lambda: jobs(host, "alone") == ["again"], 20)


def test_a_location_whose_folder_was_away(host: Reef, fleet: Fleet) -> None:
    shutil.move(fleet.folder / "stock", fleet.folder / "away")
    until(lambda: host.row("stock")["last_error"], 20)
    shutil.move(fleet.folder / "away", fleet.folder / "stock")
    until(lambda: host.row("stock")["last_error"] is None, 20)
    fleet.write("stock/defs.py", defs("['back']"))
    until(lambda: jobs(host, "stock") == ["back"], 20)


def test_links_are_followed_to_what_they_mean(host: Reef, fleet: Fleet) -> None:
    fleet.write("releases/1/names.txt", "first")
    fleet.write("releases/2/names.txt", "second")
    (fleet.folder / "current").symlink_to("releases/1")
    fleet.write("stock/defs.py", defs(f"open({str(fleet.folder / 'current/names.txt')!r}).read().split()"))
    until(lambda: jobs(host, "stock") == ["first"], 20)
    fleet.write("releases/1/names.txt", "changed")
    until(lambda: jobs(host, "stock") == ["changed"], 20)
    (fleet.folder / "new").symlink_to("releases/2")
    os.replace(fleet.folder / "new", fleet.folder / "current")
    until(lambda: jobs(host, "stock") == ["second"], 20)


def test_a_burst_is_one_round(host: Reef, fleet: Fleet) -> None:
    before = probes(host)
    for number in range(500):
        fleet.write(f"alone/many/file_{number}.py", f"NUMBER = {number}\n")
    fleet.write("alone/defs.py", defs("['burst']"))
    until(lambda: jobs(host, "alone") == ["burst"], 30)
    assert (
        probes(host)["alone"] - before["alone"] <= 2
    )  # the folder is told first, its files once it is followed
    assert probed_since(host, before) == {"alone"}


def test_what_is_saved_during_the_start_is_served(folder: Path, start: Callable[..., Reef]) -> None:
    fleet, gate = folder / "early", folder / "gate"
    fleet.mkdir()
    (fleet / "reef.yaml").write_text("locations:\n  alone: {code: alone.py}\n  slow: {code: slow.py}\n")
    (fleet / "alone.py").write_text(defs("['before']"))
    held = f"import os, time\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.02)"
    (fleet / "slow.py").write_text(defs("['slow']", held))
    host = start("serve", fleet, folder / "e", "--watch")
    until(lambda: (host.state / "admin.sock").exists() and jobs(host, "alone") == ["before"], 60, host.said())
    (fleet / "alone.py").write_text(defs("['after']"))
    assert watch_of(host) is None or not watch_of(host)["ready"]  # the start is not over
    gate.touch()
    until(lambda: jobs(host, "alone") == ["after"], 60, host.said())


def test_many_that_share_a_module_where_nobody_tells_of_changes(
    folder: Path, start: Callable[..., Reef]
) -> None:
    """As on a network file system. Exactly those that import it are probed, and one line says so."""
    fleet, names = folder / "many", [f"l{number}" for number in range(12)]
    lines = ["locations:", *(f"  {name}: {{code: {name}/defs.py}}" for name in (*names, "alone"))]
    texts = {f"{name}/defs.py": defs("names.NAMES", "import shared.names as names") for name in names}
    texts |= {"reef.yaml": "\n".join(lines) + "\n", "alone/defs.py": defs("['alone']")}
    texts |= {"shared/names.py": "NAMES = ['one']\n"}
    for name, text in texts.items():
        (fleet / name).parent.mkdir(parents=True, exist_ok=True)
        (fleet / name).write_text(text)
    host = start("serve", fleet, folder / "p", "--watch", env={"WATCHFILES_FORCE_POLLING": "1"}).until_up()
    until(lambda: watch_of(host)["ready"] and len(watch_of(host)["polled"]) == 13, 30, "for the watcher")
    before = probes(host)
    (fleet / "shared/names.py").write_text("NAMES = ['one', 'two']\n")
    until(lambda: all(jobs(host, name) == ["one", "two"] for name in names), 60)
    assert {name: count - before[name] for name, count in probes(host).items()} == {
        **dict.fromkeys(names, 1),
        "alone": 0,
    }
    until(lambda: "watch: 12 locations promoted in" in host.said(), 10, host.said())
    assert host.said().count("watch: ") == 1


def test_a_module_at_the_top_of_a_workspace_whose_working_directory_is_a_dot(
    folder: Path, start: Callable[..., Reef]
) -> None:
    """`working_directory: .` is `/project/.` to Dagster; the kernel tells of `/project`."""
    path = folder / "dotted"
    (path / "sales").mkdir(parents=True)
    (path / "names.py").write_text("NAMES = ['one']\n")
    (path / "sales" / "defs.py").write_text(defs("names.NAMES", "import names"))
    (path / "workspace.yaml").write_text(
        "load_from:\n"
        "- python_file: {relative_path: sales/defs.py, location_name: sales, working_directory: .}\n"
    )
    dotted = start("serve", path, folder / "dotted-state", "--watch").until_up()
    until(lambda: watch_of(dotted)["ready"], 20, "for the watcher")
    assert jobs(dotted, "sales") == ["one"]
    (path / "names.py").write_text("NAMES = ['two']\n")
    until(lambda: jobs(dotted, "sales") == ["two"], 20, dotted.said())
