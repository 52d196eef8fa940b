"""Deploys on a disk that fills up, and of code whose load never ends: what is served stays, the others go on."""

from __future__ import annotations

import json
from collections.abc import Callable
from inspect import getsource
from pathlib import Path
from typing import Any

import pytest
from eyes import Eyes, telling, write
from reefs import Reef, until
from small_disk import fill

from deadlines import scaled

pytestmark = pytest.mark.timeout(180)

NAMES = ("early", "late")
FLEET = """
deploy: {waves: ["1", "100%%"]}
defaults: {idle_timeout: never}
locations:
  early: {code: early/defs.py, load_timeout: %(hang_s)ds}
  late: {code: late/defs.py}
"""


class Deployed:
    def __init__(self, folder: Path, state: Path, start: Callable[..., Reef]) -> None:
        self.folder = folder
        self.write("first")
        self.hang_s = round(scaled(5))
        write(folder / "reef.yaml", FLEET % {"hang_s": self.hang_s})
        self.reef = start("serve", folder / "reef.yaml", state, output=folder).until_up()
        self.eyes = {name: Eyes(self.reef, name) for name in NAMES}

    def write(self, version: str, **before: str) -> None:
        for name in NAMES:
            write(self.folder / name / "defs.py", telling(version, before=before.get(name, "")))

    def deploy(self, *words: str) -> tuple[int, dict[str, Any], str]:
        done = self.reef.command("deploy", *words, "--json", check=False)
        assert "Traceback" not in done.stderr + self.reef.said()
        return done.returncode, json.loads(done.stdout or "{}"), done.stderr

    def jobs(self) -> list[list[str]]:
        return [self.eyes[name].jobs() for name in NAMES]


def states(said: dict[str, Any]) -> dict[str, str]:
    return {name: event["state"] for name, event in said["results"].items()}


def test_a_full_disk_refuses_a_version_and_keeps_the_old_one(
    folder: Path, small_disk: Path, start: Callable[..., Reef]
) -> None:
    fleet = Deployed(folder / "full", small_disk / "s", start)
    old = [eyes.server_id() for eyes in fleet.eyes.values()]
    warm = [eyes.tick()["pid"] for eyes in fleet.eyes.values()]
    ballast = fill(small_disk)
    fleet.write("second")
    status, said, stderr = fleet.deploy("--all", "--allow-removals", "--wave", "100%")
    assert status == 1, stderr
    assert states(said) == dict.fromkeys(NAMES, "refused")
    assert all("No space left on device" in event["reason"] for event in said["results"].values())
    assert fleet.jobs() == [["first_job"], ["first_job"]]
    assert [eyes.server_id() for eyes in fleet.eyes.values()] == old
    assert [eyes.tick()["pid"] for eyes in fleet.eyes.values()] == warm

    ballast.unlink()
    status, said, stderr = fleet.deploy("--all", "--allow-removals", "--wave", "100%")
    assert (status, states(said)) == (0, dict.fromkeys(NAMES, "promoted")), stderr
    assert fleet.jobs() == [["second_job"], ["second_job"]]


def test_a_disk_that_fills_between_two_waves_halts_there(
    folder: Path, small_disk: Path, start: Callable[..., Reef]
) -> None:
    fleet = Deployed(folder / "between", small_disk / "s", start)
    ballast = small_disk / "ballast"
    fleet.write(
        "second", late=f"from pathlib import Path\n{getsource(fill)}\nfill(Path({str(small_disk)!r}))\n"
    )
    status, said, stderr = fleet.deploy("--all", "--allow-removals")
    assert status == 1, stderr
    assert states(said) == {"early": "promoted", "late": "refused"}
    assert "No space left on device" in said["results"]["late"]["reason"]
    assert fleet.jobs() == [["second_job"], ["first_job"]]
    ballast.unlink()
    fleet.write("third")
    status, said, stderr = fleet.deploy("--all", "--allow-removals")
    assert (status, states(said)) == (0, dict.fromkeys(NAMES, "promoted")), stderr
    assert fleet.jobs() == [["third_job"], ["third_job"]]


def test_a_probe_that_hangs_is_ended_and_nobody_waits_for_it(
    folder: Path, start: Callable[..., Reef]
) -> None:
    fleet = Deployed(folder / "hangs", folder / "h", start)
    early = fleet.eyes["early"]
    marker = folder / "loading"
    hanging = f"import threading\nopen({str(marker)!r}, 'w').close()\nthreading.Event().wait()\n"
    fleet.write("second", early=hanging)
    begun = fleet.reef.command("deploy", "--all", "--allow-removals", "--wave", "100%", "--json", check=False)
    said = json.loads(begun.stdout)
    assert (begun.returncode, states(said)) == (1, {"early": "refused", "late": "promoted"}), begun.stderr
    assert f"did not answer within {fleet.hang_s} s" in said["results"]["early"]["reason"]
    assert marker.exists()
    assert fleet.jobs() == [["first_job"], ["second_job"]]
    assert early.tick()["pid"]
    until(lambda: fleet.reef.row("early")["state"] == "warm", what="for the old version to be there")
