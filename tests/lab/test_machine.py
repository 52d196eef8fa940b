"""A machine of the lab: what runs in it is started again, can be kept off, and ends with it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from deadlines import until
from lab import needs
from lab.errors import LabError
from lab.machine import Machine, Program

LACKING = needs.lacking()
pytestmark = pytest.mark.skipif(LACKING is not None, reason=f"no machine of the lab: {LACKING}")
WAITS = f"import os, signal; print(os.getpid(), flush=True); signal.pause()  # {secrets.token_hex(4)}"


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    one = Machine(tmp_path / "lonely")
    programs = {
        "waits": Program(("python3", "-c", WAITS), {}),
        "fails": Program(("sh", "-c", "echo no such flag; exit 1"), {}),
    }
    one.create(programs, {"/var/lib": tmp_path / "var-lib"})
    one.go()
    yield one
    one.kill()


def told(machine: Machine) -> list[str]:
    log = machine.folder / "waits.log"
    return log.read_text("ascii").split() if log.exists() else []


def test_a_program_is_kept_off_and_comes_back(machine: Machine) -> None:
    until(lambda: told(machine), 30, "for the program")
    with machine.without("waits"):
        running = machine.inside("sh", "-c", "cat /proc/[0-9]*/cmdline")
        assert WAITS not in running
    assert until(lambda: told(machine)[1:], 30, "for its second start")


def test_one_that_ends_again_and_again_is_named_with_its_last_words(machine: Machine) -> None:
    def complaint() -> str:
        try:
            machine.check()
        except LabError as error:
            return str(error)
        return ""

    said = until(complaint, 60, "for a complaint")
    assert said.startswith("fails on lonely ended 3 times (")
    assert said.endswith("no such flag")


def test_it_sees_itself_alone(machine: Machine) -> None:
    until(lambda: told(machine), 30, "for the program")
    devices = json.loads(machine.inside("ip", "-json", "link", "show"))
    assert [one["ifname"] for one in devices if one["link_type"] == "loopback"] == ["lo"]
    assert int(told(machine)[0]) < 100
    machine.inside("touch", "/var/lib/here")
    assert (machine.folder.parent / "var-lib" / "here").exists()
    assert not Path("/var/lib/here").exists()


def test_all_of_it_ends_with_it(machine: Machine) -> None:
    until(lambda: told(machine), 30, "for the program")
    assert machine.pid is not None
    machine.kill()
    assert machine.pid is None
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if WAITS.encode() in content(path)]


def content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
