"""The records that children write of themselves, so that another host can take them up."""

from __future__ import annotations

import json
import os
from pathlib import Path

from reef.hosting.contract import Child
from reef.procfs import start_ticks


def read_all(folder: Path) -> list[tuple[Child, str]]:
    """Living children and their log files. Records of the dead are removed, damaged ones too."""
    found = []
    for path in sorted(folder.glob("*.json")):
        recorded = _read(path)
        if recorded is None or start_ticks(recorded[0].pid) != recorded[0].start_ticks:
            path.unlink(missing_ok=True)
        else:
            found.append(recorded)
    return found


def _read(path: Path) -> tuple[Child, str] | None:
    try:
        record = json.loads(path.read_bytes())
        log = str(record.pop("log"))
        return Child(**record), log
    except (OSError, ValueError, TypeError, KeyError):
        return None


def forget(folder: Path, child: Child) -> None:
    for suffix in (".json", ".json.new"):
        try:
            os.unlink(folder / f"{child.pid}-{child.start_ticks}{suffix}")
        except OSError:
            pass
