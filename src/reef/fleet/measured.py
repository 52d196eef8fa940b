"""Sizes and spans of a settings file, whose form was checked before."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from reef.fleet.document import Item
from reef.fleet.units import size_bytes, span_s

N = TypeVar("N", int, float)


def read_size(item: Item | None) -> int | None:
    """Bytes, None where there is none. Raises ReefError for nothing at all."""
    return _measured(item, size_bytes)


def read_span(item: Item | None) -> float | None:
    """Seconds, None where there is none. Raises ReefError for nothing at all."""
    return _measured(item, span_s)


def _measured(item: Item | None, measure: Callable[[str], N]) -> N | None:
    if item is None or item.value is None:
        return None
    try:
        return measure(str(item.value))
    except ValueError:
        raise item.invalid("more than nothing") from None
