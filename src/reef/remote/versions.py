"""Going back to a version, and trying one again: annotations that the controller acts on."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from reef.cluster.kinds import Document
from reef.errors import ReefError
from reef.kube import labels
from reef.kube.seen.reading import seconds
from reef.remote.reaching import Remote
from reef.remote.rows import phase
from reef.words import count


def target(location: Document, wanted: str | None) -> str:
    """The version that is meant: `wanted` or what begins so, else the one before what is served. Raises ReefError."""
    name, status = location["metadata"]["name"], location.get("status") or {}
    entries = status.get("history") or []
    others = [each for each in entries if each["version"] != status.get("version")]
    if wanted is None:
        kept = [each["version"] for each in others if each["kept"]]
        if not kept:
            hint = f"`reef history {name}` lists what was promoted"
            raise ReefError(f"{name} has no earlier version that is kept", hint=hint)
        return str(kept[0])
    return _named(name, entries, wanted)


def _named(name: str, entries: list[Mapping[str, Any]], wanted: str) -> str:
    found = {
        str(each["version"]): bool(each["kept"]) for each in entries if each["version"].startswith(wanted)
    }
    kept = [version for version, is_kept in found.items() if is_kept]
    if len(kept) == 1:
        return kept[0]
    if kept:
        raise ReefError(
            f"{wanted!r} begins {count(len(kept), 'version')} of {name}", hint=f"which: {', '.join(kept)}?"
        )
    there = [each["version"] for each in entries if each["kept"]]
    why = "is not kept any more" if found else "was not promoted lately"
    raise ReefError(
        f"version {wanted!r} of {name} {why}", hint=f"kept are {', '.join(dict.fromkeys(there)) or 'none'}"
    )


async def roll_back(remote: Remote, name: str, version: str) -> None:
    """Ask for it. Raises ClusterError."""
    await remote.annotate(name, **{labels.ROLLBACK: version})


def is_rolled_back(location: Document, version: str) -> bool:
    """Whether the controller is done with a rollback: it is served and pinned, or is not going to be."""
    status = location.get("status") or {}
    if status.get("pinned") == version:
        return phase(location) not in ("under_way", "waiting")
    return phase(location) in ("refused", "conflict", "impossible", "paused") or not asks_for(location)


def asks_for(location: Document) -> str:
    """The version that its annotation asks to go back to; "" for none."""
    notes = location["metadata"].get("annotations") or {}
    return str(notes.get(labels.ROLLBACK, "").partition(labels.INSTEAD_OF)[0])


async def try_again(remote: Remote, location: Document) -> None:
    """Ask for another try of what the location asks for; a rollback ends. Raises ClusterError."""
    stamps = [
        each.get("lastTransitionTime") for each in (location.get("status") or {}).get("conditions") or ()
    ]
    newest = max((seconds(each) or 0.0 for each in stamps), default=0.0)
    at = max(time.time(), newest + 0.001)  # a clock that is slow would ask for nothing
    said = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    notes = {labels.TRY_AGAIN: said, labels.ROLLBACK: None}
    await remote.annotate(location["metadata"]["name"], **notes)
