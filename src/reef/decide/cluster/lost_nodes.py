"""Which nodes are lost, as the network tells it: half a minute before Kubernetes gives a node up.

A node that is alive answers a connection, if only by refusing it. What is done of that is done beside what is there: a
pod on another node comes first, and whatever still runs serves until then.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

LOST_S = 15.0


@dataclass(frozen=True)
class Heard:
    """One pod of Reef's own. `silent_since`: since when nothing at all has come from its address, unix seconds; None
    where the last try had an answer."""

    node: str
    silent_since: float | None = None


def lost_nodes(heard: Iterable[Heard], now: float) -> frozenset[str]:
    """Those of which every pod is silent, while one on another node answers: else it is who asks that is cut off."""
    by_node: dict[str, list[Heard]] = {}
    for each in heard:
        by_node.setdefault(each.node, []).append(each)
    lost = frozenset(
        node
        for node, pods in by_node.items()
        if all(each.silent_since is not None and now - each.silent_since >= LOST_S for each in pods)
    )
    answers = any(each.silent_since is None for pods in by_node.values() for each in pods)
    return lost if answers else frozenset()
