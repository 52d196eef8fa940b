"""Walking a document of values."""

from __future__ import annotations

from collections.abc import Iterator

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
