"""The disk of the state directory is full while a location is recorded: the last good version goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from eyes import Eyes, telling, write
from reefs import Reef, until
from small_disk import fill

from deadlines import scaled

pytestmark = pytest.mark.timeout(120)


def test_a_full_disk_keeps_the_last_good_version_and_hurts_nobody(
    folder: Path, small_disk: Path, start: Callable[..., Reef]
) -> None:
    for name in ("changes", "neighbour"):
        write(folder / name / "defs.py", telling(name))
    text = "".join(f"  {name}:\n    code: {name}/defs.py\n" for name in ("changes", "neighbour"))
    write(folder / "reef.yaml", f"locations:\n{text}")
    reef = start("serve", folder / "reef.yaml", small_disk / "s", output=folder)
    reef.until_up()
    changes, neighbour = Eyes(reef, "changes"), Eyes(reef, "neighbour")
    before = changes.server_id()
    ballast = fill(small_disk)

    write(folder / "changes" / "defs.py", telling("changes2"))
    changes.client.reload_code(timeout=scaled(60))
    assert changes.jobs() == ["changes_job"]
    assert changes.server_id() == before
    assert "No space left on device" in reef.row("changes")["last_error"]
    told = neighbour.tick()
    assert told["pid"]
    assert reef.row("neighbour")["last_error"] is None
    assert "Traceback" not in reef.said()

    ballast.unlink()
    changes.client.reload_code(timeout=scaled(60))
    assert changes.jobs() == ["changes2_job"]
    assert changes.tick()["pid"]
    until(lambda: changes.server_id() != before, what="for Dagster to be told")
    assert reef.row("changes")["last_error"] is None
    assert neighbour.tick()["pid"] == told["pid"]


def test_a_start_on_a_full_disk_says_so(folder: Path, small_disk: Path, start: Callable[..., Reef]) -> None:
    write(folder / "alone" / "defs.py", telling("alone"))
    (small_disk / "t").mkdir()
    write(folder / "alone.yaml", "locations:\n  alone:\n    code: alone/defs.py\n")
    fill(small_disk)
    reef = start("serve", folder / "alone.yaml", small_disk / "t", output=folder)
    assert reef.process.wait(scaled(60)) == 2
    assert "No space left on device" in reef.said()
    assert "Traceback" not in reef.said()
