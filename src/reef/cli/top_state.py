"""What a person has chosen in `reef top`, and what a key does to it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

SORTS = ("name", "state", "memory", "wake", "cold", "calls")
STATES = ("failed", "waking", "warm", "loading", "draining", "unprobed", "asleep")
PAGE = 10
KEYS = {
    b"\x1b[A": "up", b"\x1bOA": "up", b"k": "up", b"\x1b[B": "down", b"\x1bOB": "down", b"j": "down",
    b"\x1b[5~": "page up", b"\x1b[6~": "page down", b"\x1b[H": "home", b"\x1b[1~": "home", b"\x1b[F": "end",
    b"\x1b[4~": "end", b"\x1b": "escape", b"\r": "enter", b"\n": "enter", b"\x7f": "delete", b"\x08": "delete",
}  # fmt: skip

Row = Mapping[str, Any]


@dataclass(frozen=True)
class TopState:
    """`at` is the row that is pointed at; `typing` while the filter is written; `open` the location that is shown."""

    sort: str = "name"
    down: bool = False
    filter: str = ""
    typing: bool = False
    at: int = 0
    open: str | None = None
    over: bool = False


def keys_of(typed: bytes) -> list[bytes]:
    """A sequence that begins with Escape is one key, everything else is a key a letter."""
    if typed.startswith(b"\x1b"):
        return [typed]
    return [letter.encode() for letter in typed.decode(errors="ignore")]


def pressed(chosen: TopState, typed: bytes, rows: list[Row]) -> TopState:
    """`rows` are those that are shown. A key that does nothing changes nothing."""
    key = KEYS.get(typed) or typed.decode(errors="ignore")
    if chosen.typing:
        return _typed(chosen, typed, KEYS.get(typed) if typed not in (b"j", b"k") else None)
    if key in ("q", "\x03"):
        return replace(chosen, open=None) if chosen.open else replace(chosen, over=True)
    if key == "escape":
        return replace(chosen, open=None) if chosen.open else replace(chosen, filter="", at=0)
    if key == "/":
        return replace(chosen, typing=True, open=None)
    if key == "enter" and rows:
        return replace(chosen, open=rows[_within(chosen.at, rows)]["name"])
    return _moved(_sorted(chosen, key), key, rows)


def _typed(chosen: TopState, typed: bytes, key: str | None) -> TopState:
    if key == "enter":
        return replace(chosen, typing=False)
    if key == "escape":
        return replace(chosen, typing=False, filter="", at=0)
    if key == "delete":
        return replace(chosen, filter=chosen.filter[:-1], at=0)
    if key is not None:
        return chosen
    text = "".join(letter for letter in typed.decode(errors="ignore") if letter.isprintable())
    return replace(chosen, filter=chosen.filter + text, at=0)


def _sorted(chosen: TopState, key: str) -> TopState:
    if key == "s":
        return _by(chosen, SORTS[(SORTS.index(chosen.sort) + 1) % len(SORTS)])
    if key == "r":
        return replace(chosen, down=not chosen.down, at=0)
    if key in tuple("123456"):
        return _by(chosen, SORTS[int(key) - 1])
    return chosen


def _by(chosen: TopState, sort: str) -> TopState:
    """What there is most of first; names and states as they come. The same again: the other way."""
    down = not chosen.down if chosen.sort == sort else sort not in ("name", "state")
    return replace(chosen, sort=sort, down=down, at=0)


def _moved(chosen: TopState, key: str, rows: list[Row]) -> TopState:
    steps = {"up": -1, "down": 1, "page up": -PAGE, "page down": PAGE, "home": -len(rows), "end": len(rows)}
    if key not in steps:
        return chosen
    at = _within(_within(chosen.at, rows) + steps[key], rows)
    return replace(chosen, at=at, open=rows[at]["name"] if chosen.open and rows else chosen.open)


def _within(at: int, rows: list[Row]) -> int:
    return max(0, min(at, len(rows) - 1))


def shown(rows: list[Row], chosen: TopState) -> list[Row]:
    """Those that have all the words of the filter, in their order."""
    words = chosen.filter.lower().split()
    found = [row for row in rows if all(word in _words(row) for word in words)]
    found.sort(key=lambda row: row["name"].lower())
    if chosen.sort == "name":
        return found[::-1] if chosen.down else found
    return sorted(found, key=lambda row: _figure(row, chosen.sort), reverse=chosen.down)


def _words(row: Row) -> str:
    texts = (row["name"], row["owner"] or "", row["state"], row["last_error"] or "", row["pinned"] or "")
    return f"{' '.join(texts)} state:{row['state']} owner:{row['owner']}".lower()


def _figure(row: Row, sort: str) -> float:
    if sort == "state":
        return STATES.index(row["state"]) if row["state"] in STATES else len(STATES)
    if sort == "wake":
        wake = row.get("last_wake")
        return wake["at"] if wake else 0.0
    key = {"memory": "pss_bytes", "cold": "last_cold_start_s", "calls": "calls"}[sort]
    return float(row[key] or 0)
