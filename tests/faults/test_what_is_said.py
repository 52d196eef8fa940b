"""What a host says of locations in trouble, and of loads that cost others something: one fleet, real processes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from eyes import telling, write
from reefs import Reef, until

from reef.cli.status_table import render

pytestmark = pytest.mark.timeout(200)

CALLS = """
import socket, subprocess
vendor = socket.socket()
vendor.settimeout(0.01)
try: vendor.connect(("192.0.2.1", 443))  # an address for examples: nobody is there
except OSError: pass
subprocess.run(["git", "--version", "--token=SECRET"], stdout=-3, stderr=-3)
"""
LATE = """
import threading
from dagster import Definitions, definitions

@definitions
def defs():
    threading.Event().wait()  # line 7
    return Definitions()
"""
ASKED = """
import threading
from dagster import repository

def made():
    threading.Event().wait()  # line 6

@repository
def asked():
    return {"jobs": {"one": made}}
"""
LONG = "import sys\nfor line in range(60): print('line', line, file=sys.stderr, flush=True)\nraise KeyError('REGION')"
SLOW = """
import os, time
while not os.path.exists({go!r}): time.sleep(0.05)
raise ValueError('the region is wrong')
"""
FLEET = """
locations:
  calls: {code: calls/defs.py}
  plain: {code: plain/defs.py}
  quits: {code: quits/defs.py}
  long: {code: long/defs.py}
  late: {code: late/defs.py, load_timeout: 4s}
  asked: {code: asked/defs.py, load_timeout: 4s}
  feeds: {code: feeds_pkg.definitions, working_directory: feeds/src, cwd: feeds}
  slow: {code: slow/defs.py}
"""
FEEDS = """
from pathlib import Path
from dagster import definitions, load_from_defs_folder

@definitions
def defs():
    return load_from_defs_folder(path_within_project=Path(__file__).parent)
"""
COMPONENT = """
import dagster as dg

class Feed(dg.Component, dg.Model, dg.Resolvable):
    def build_defs(self, context):
        open("/no/such/feed.json")
"""
PROJECT = '[project]\nname = "feeds"\nversion = "1"\n[tool.dg]\ndirectory_type = "project"\n'
PROJECT += '[tool.dg.project]\nroot_module = "feeds_pkg"\n'


@pytest.fixture(scope="module")
def fleet(folder: Path) -> Path:
    write(folder / "calls" / "defs.py", telling("calls", before=CALLS))
    write(folder / "plain" / "defs.py", telling("plain"))
    write(folder / "quits" / "defs.py", "import sys; sys.exit(0)")
    write(folder / "long" / "defs.py", LONG)
    write(folder / "late" / "defs.py", LATE)
    write(folder / "asked" / "defs.py", ASKED)
    write(folder / "slow" / "defs.py", SLOW.format(go=str(folder / "go")))
    package = folder / "feeds" / "src" / "feeds_pkg"
    write(folder / "feeds" / "pyproject.toml", PROJECT)
    write(package / "__init__.py", "")
    write(package / "definitions.py", FEEDS)
    write(package / "feed.py", COMPONENT)
    write(package / "defs" / "one" / "defs.yaml", "type: feeds_pkg.feed.Feed\n")
    return write(folder / "reef.yaml", FLEET)


@pytest.fixture(scope="module")
def reef(fleet: Path, folder: Path, start: Callable[..., Reef]) -> Reef:
    return start("serve", fleet, folder / "s").until_up(120)


def line_of(reef: Reef, name: str, said: str) -> str:
    return next((line for line in reef.said().splitlines() if name in line and said in line), "")


def test_a_load_that_reaches_outside_is_told_and_kept_warm_longer(reef: Reef) -> None:
    row = reef.row("calls")
    assert row["outside"] == {"connects": ["192.0.2.1:443"], "starts": ["git"]}
    assert row["idle_timeout_s"] > reef.row("plain")["idle_timeout_s"]
    before = row["loads_last_hour"]
    assert before >= 1
    reef.command("wake", "calls")
    assert reef.row("calls")["loads_last_hour"] == before + 1
    shown = reef.command("status").stdout
    told = f"its load connects to 192.0.2.1:443 and starts git; {before + 1} loads in the last hour"
    assert told in shown
    assert "SECRET" not in shown


def test_a_load_that_stays_at_home_has_nothing_outside(reef: Reef) -> None:
    """What Dagster, its server and Reef itself open does not count."""
    assert reef.row("plain")["outside"] == {"connects": [], "starts": []}


def test_a_server_that_ends_silently_is_said_to_have_written_nothing(reef: Reef) -> None:
    line = line_of(reef, "quits", "does not load")
    assert "ended with exit status 0 before it answered" in line
    assert not line.rstrip().endswith(":")


def test_a_component_that_does_not_load_is_told_by_its_cause(reef: Reef) -> None:
    assert "feeds does not load: FileNotFoundError" in line_of(reef, "feeds", "does not load")
    assert reef.row("feeds")["last_error"].startswith("FileNotFoundError")


@pytest.mark.parametrize(("name", "line"), [("late", 7), ("asked", 6)])
def test_a_load_that_does_not_end_is_told_with_setting_and_place(
    reef: Reef, folder: Path, name: str, line: int
) -> None:
    told = f"within 4 s (load_timeout): it was still loading its code ({folder}/{name}/defs.py:{line})"
    assert told in reef.row(name)["last_error"]


def test_a_wake_that_fails_is_one_line(reef: Reef) -> None:
    for name in ("long", "quits", "feeds"):
        done = reef.command("wake", name, check=False)
        (line,) = done.stdout.splitlines()
        assert line.startswith(f"{name}: failed (")
        assert "does not load" in line
    assert "KeyError: 'REGION'" in reef.command("wake", "long", check=False).stdout


def test_no_line_of_the_terminal_or_of_the_status_ends_at_a_colon(reef: Reef) -> None:
    shown = [*reef.said().splitlines(), *render(reef.status()).splitlines()]
    assert [line for line in shown if line.rstrip().endswith(":")] == []


def test_a_reload_that_takes_long_says_so_meanwhile(reef: Reef) -> None:
    done = reef.command("reload", "late")
    assert "late: still loading after 3 s" in done.stderr
    (line,) = done.stdout.splitlines()
    assert "within 4 s (load_timeout)" in line


def test_what_is_still_loading_is_said_to_be_and_followed(reef: Reef, folder: Path) -> None:
    assert "slow is still loading" in reef.said()
    assert "slow does not load" not in reef.said()
    (folder / "go").touch()
    until(lambda: line_of(reef, "slow", "does not load"), 60)
    assert "ValueError: the region is wrong" in line_of(reef, "slow", "does not load")


def test_the_command_line_says_one_of_one(folder: Path, start: Callable[..., Reef]) -> None:
    write(folder / "alone" / "defs.py", telling("alone"))
    fleet = write(folder / "one.yaml", "locations:\n  alone: {code: alone/defs.py}\n")
    one = start("serve", fleet, folder / "o").until_up()
    assert "Reef serves 1 code location of" in one.said()
    assert "1 location: " in one.command("status").stdout
    assert "0 of 1 location change" in one.command("plan").stdout
