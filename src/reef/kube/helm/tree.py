"""Walking a document of values."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from reef.fleet.document import Item


def entry(item: Item | None, *names: str) -> Item | None:
    """The value below some keys; None where it, or one on the way, is missing or null."""
    for name in names:
        if item is None:
            return None
        item = item.entries.get(name)
    return None if item is None or item.value is None else item


def text(item: Item | None, *names: str) -> str | None:
    """The value below some keys as text, None where it is missing, null or empty."""
    found = entry(item, *names)
    return (written(found) or None) if found is not None else None


def written(item: Item) -> str:
    """A scalar as a template of the chart writes it."""
    value = item.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}" if value != int(value) else str(int(value))
    return "" if value is None else str(value)


def quoted(item: Item) -> str:
    """A scalar as the chart's `quote` writes it: to Helm every number is a float, and Go writes 1000000 as 1e+06."""
    value = item.value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return written(item)
    try:
        number = Decimal(repr(float(value))).normalize()
    except OverflowError:
        return written(item)
    exponent = number.adjusted()
    if number.is_finite() and number and not -4 <= exponent < 6:
        digits = "".join(map(str, number.as_tuple().digits))
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{'-' if number < 0 else ''}{digits[0]}{fraction}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    return f"{number:f}"


def scalars(item: Item) -> Iterator[Item]:
    """Every value that is no map and no list, below an item."""
    if item.entries:
        for each in item.entries.values():
            yield from scalars(each)
    elif item.elements:
        for each in item.elements:
            yield from scalars(each)
    elif not isinstance(item.value, (dict, list)):
        yield item


def maps(item: Item, depth: int) -> Iterator[tuple[str, Item]]:
    """Every map below an item, with its dotted path from there; outer ones first, down to `depth`."""
    level = [("", item)]
    for _ in range(depth + 1):
        below = []
        for path, each in level:
            if isinstance(each.value, dict):
                yield path, each
                below += [(f"{path}.{name}" if path else name, one) for name, one in each.entries.items()]
        level = below
