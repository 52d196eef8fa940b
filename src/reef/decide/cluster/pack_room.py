"""Packs whose next pod finds no room. One of them at a time gives up its old pod for it."""

from __future__ import annotations

from collections.abc import Sequence

from reef.decide.cluster.pack_views import PackView
from reef.kube.labels import HOST_CONTAINER
from reef.kube.seen.state import ReplicaSetSeen


class Rooms:
    """`room_s`: how long room is waited for."""

    def __init__(self, views: Sequence[PackView], now: float, room_s: float) -> None:
        self._now, self._room_s = now, room_s
        waiting = [view for view in views if self._is_due(view)]
        self._turn = None
        if waiting and not any(_is_between(view) for view in views):
            self._turn = min(waiting, key=lambda view: view.name)

    def stuck(self, view: PackView) -> str | None:
        """The scheduler's sentence where the newest pod of a pack finds no node."""
        newest = view.newest
        return newest.pod.unschedulable if newest and newest.pod else None

    def to_give(self, view: PackView) -> tuple[ReplicaSetSeen, ...]:
        """The older ReplicaSets, where it is this pack's turn."""
        return view.sets[1:] if view is self._turn else ()

    def _is_due(self, view: PackView) -> bool:
        newest = view.newest
        if newest is None or newest.pod is None or newest.pod.unschedulable is None or len(view.sets) < 2:
            return False
        since = newest.pod.unschedulable_since
        return self._now - (newest.created if since is None else since) >= self._room_s


def _is_between(view: PackView) -> bool:
    """Its old pod has gone, and the new one does not serve yet."""
    newest = view.newest
    if newest is None or len(view.sets) > 1 or newest.number == 1:
        return False
    return newest.pod is None or not newest.pod.is_ready(HOST_CONTAINER)
