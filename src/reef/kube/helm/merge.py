"""Several values files as one, merged as `helm -f a -f b` merges them."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

from reef.fleet.document import Item


def merged(first: Item, *others: Item) -> Item:
    """Maps are merged key by key; of everything else, lists too, the later one wins whole."""
    return reduce(_merged, others, first)


def _merged(under: Item, over: Item) -> Item:
    if not (isinstance(under.value, dict) and isinstance(over.value, dict)):
        return over
    entries = dict(under.entries)
    for name, entry in over.entries.items():
        entries[name] = _merged(entries[name], entry) if name in entries else entry
    return replace(over, value={name: each.value for name, each in entries.items()}, entries=entries)
