"""What the page shows of one location beside its row: read from the disk, in a thread."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reef.host.assembly import Assembly
from reef.locations.place import CodeLocation
from reef.notes import span
from reef.records.diagnoses import kept_diagnosis
from reef.statedir import StateDir
from reef.web.plain_text import without_escapes
from reef.web.told import Detail, Version
from reef.web.tracebacks import traceback_of

LOG_BYTES, LOG_LINES = 64 * 1024, 200
MOST_VERSIONS, MOST_WHYS = 12, 2


def detail_of(name: str, parts: Assembly, state: StateDir) -> Detail:
    """Blocking. Raises KeyError where there is no such location."""
    place = parts.places[name]
    log = log_tail(state.log_file(name))
    return Detail(log, _versions(place, parts), _traceback(place), found_by_doctor(state.root, name))


def found_by_doctor(state: Path, name: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Nothing where nobody has asked it, or where the state directory has been another's."""
    kept = kept_diagnosis(state, name)
    if kept is None:
        return ()
    ago = f"{span(max(0.0, time.time() - kept.at))} ago"
    return (("Doctor", (*(kept.lines or ("Nothing heavy was found.",)), f"reef doctor looked {ago}.")),)


def log_tail(path: Path, most_bytes: int = LOG_BYTES, most_lines: int = LOG_LINES) -> str:
    """The last lines, without what colours a terminal; "" where there is none."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - most_bytes))
            text = file.read(most_bytes).decode(errors="replace")
    except OSError:
        return ""
    lines = text.splitlines()
    if size > most_bytes:
        lines = lines[1:]
    return "\n".join(map(without_escapes, lines[-most_lines:]))


def _traceback(place: CodeLocation) -> str:
    """Of the newest code where that does not load, else of what is served; "" where all loads."""
    tried, served = place.release.tried, place.served
    error = (tried.error if tried else None) or (served.load_error if served else None)
    return traceback_of(error) if error else ""


def _versions(place: CodeLocation, parts: Assembly) -> tuple[Version, ...]:
    """Newest first."""
    now = place.served.version if place.served else None
    kept = {one.record.version: one.not_kept for one in parts.stores.keeper.versions.of(place.name)}
    found: list[Version] = []
    for entry in parts.releasing.promotions.history.of(place.name)[: -MOST_VERSIONS - 1 : -1]:
        version = str(entry["version"])
        is_first = version not in {one.version for one in found}
        can_roll_back = is_first and version != now and version in kept and kept[version] is None
        is_now = is_first and version == now
        found.append(Version(version, entry["time"], entry["loads"], _why(entry), can_roll_back, is_now))
    return tuple(found)


def _why(entry: Mapping[str, Any]) -> str:
    whys = [f"{why['path']}: {why['text']}" if why["path"] else str(why["text"]) for why in entry["why"]]
    more = f" and {len(whys) - MOST_WHYS} more" if len(whys) > MOST_WHYS else ""
    by = f"{'a rollback' if entry['by'] == 'rollback' else 'deploy ' + entry['by']}; " if entry["by"] else ""
    return by + ", ".join(whys[:MOST_WHYS]) + more
