"""What was saved and does not load, as entries of their own on Dagster's page. Pure.

Dagster shows a location either loaded or as its error, never both.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from reef.wire.serdes import ErrorInfo, error_json, read_error

MOST_ENTRIES = 5


def entries(tried: Mapping[str, str], taken: Collection[str]) -> dict[str, str]:
    """Entry → its load error (a serialized SerializableErrorInfo), for each location whose newest code does not load
    (`tried`: location → its error, in the same form). The first few by name; `taken` are names of locations."""
    first = sorted(tried)[:MOST_ENTRIES]
    more = len(tried) - len(first)
    return {_free(f"{name} (saved, not served)", taken): _error(name, tried[name], more) for name in first}


def _free(name: str, taken: Collection[str]) -> str:
    while name in taken:
        name += "'"
    return name


def _error(name: str, error: str, more: int) -> str:
    others = f" So it is with {more} more locations: see `reef status`." if more else ""
    message = (
        f"What was saved of {name!r} does not load. The version before it is served on, and this entry goes once "
        f"{name!r} loads again.{others}\n"
    )
    return error_json(ErrorInfo(message, cls_name="NotServed", cause=read_error(error.encode())))
