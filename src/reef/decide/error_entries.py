"""New code that does not load, as entries of their own on Dagster's page. Pure.

Dagster shows a location either loaded or as its error, never both.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from reef.wire.serdes import ErrorInfo, error_json, read_error
from reef.words import count

MOST_ENTRIES = 5


@dataclass(frozen=True)
class Entry:
    """`error` is a serialized SerializableErrorInfo (JSON)."""

    location: str
    error: str


def entries(tried: Mapping[str, str], taken: Collection[str]) -> dict[str, Entry]:
    """By name, for each location whose newest code does not load (`tried`: location → its error, as in an entry). The
    first few by name; `taken` are names of locations."""
    first = sorted(tried)[:MOST_ENTRIES]
    more = len(tried) - len(first)
    named = {_free(f"{name} (new code, not served)", taken): name for name in first}
    return {entry: Entry(name, _error(name, tried[name], more)) for entry, name in named.items()}


def _free(name: str, taken: Collection[str]) -> str:
    while name in taken:
        name += "'"
    return name


def _error(name: str, error: str, more: int) -> str:
    others = f" So it is with {count(more, 'more location')}: see `reef status`." if more else ""
    message = (
        f"The newest code of {name!r} does not load. The version before it is served on, and this entry goes once "
        f"{name!r} loads: reload it when it is mended.{others}\n"
    )
    return error_json(ErrorInfo(message, cls_name="NotServed", cause=read_error(error.encode())))
