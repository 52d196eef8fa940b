"""What happens next with the pods of packs: which are made, changed and removed, and which location is served where.

A pack has one ReplicaSet at rest. Another image of one container is patched in its pod. Anything else that changes
makes another ReplicaSet beside it; each location goes there as soon as its container runs, and the old one goes when
nobody is served from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reef.decide.cluster.pack_room import Rooms
from reef.decide.cluster.pack_steps import (
    PATIENCE,
    Action,
    Configure,
    DeletePack,
    MakePack,
    NoRoom,
    PacksSeen,
    PackWanted,
    PatchImage,
    Patience,
    Switch,
)
from reef.decide.cluster.pack_views import PackView, in_place, stuck
from reef.kube.labels import HOST_CONTAINER
from reef.kube.seen.state import ReplicaSetSeen


def packs(
    wanted: Sequence[PackWanted], seen: PacksSeen, now: float, patience: Patience = PATIENCE
) -> tuple[Action, ...]:
    """All that can be done now."""
    views = [PackView(pack.name, pack.contents, _sets(pack.name, seen), seen.serving) for pack in wanted]
    rooms = Rooms(views, now, patience.room_s)
    found: list[Action] = []
    for pack, view in zip(wanted, views, strict=True):
        found += _switches(view, now, patience)
        found += _changes(pack, view, seen, now, patience)
        found += _without_room(view, rooms, seen)
    keep = {view.newest.name for view in views if view.newest}
    found += _goodbyes(seen, keep, {each.name for each in wanted}, now, patience)
    return tuple(_once(found))


def stuck_locations(
    wanted: Sequence[PackWanted], seen: PacksSeen, now: float, patience: Patience = PATIENCE
) -> dict[str, str]:
    """Locations whose container does not run though it was waited for, and why."""
    found = {}
    for pack in wanted:
        view = PackView(pack.name, pack.contents, _sets(pack.name, seen), seen.serving)
        for location, container in view.homes():
            if (why := stuck(view, container, pack.since, now, patience.starts_s)) is not None:
                found[location] = why
    return found


def _sets(pack: str, seen: PacksSeen) -> tuple[ReplicaSetSeen, ...]:
    return tuple(each for each in seen.replica_sets if each.pack == pack)


def _switches(view: PackView, now: float, patience: Patience) -> Iterator[Action]:
    newest = view.newest
    for location, container in view.homes():
        current = view.serving.get(location)
        if newest is None or newest.container_of(location) is None or current == newest.name:
            continue
        if _may_go(view, location, container, newest, now, patience):
            yield Switch(location, newest.name)


def _may_go(
    view: PackView, location: str, container: str, newest: ReplicaSetSeen, now: float, patience: Patience
) -> bool:
    """Where a location is served from nothing that is there, it has nothing to lose."""
    if view.current(location) is None:
        return True
    if newest.pod is None or not newest.pod.is_ready(HOST_CONTAINER):
        return False
    if in_place(newest, container, view.contents[container]):
        return True
    there, wanted = newest.contents.get(container), view.contents[container]
    same = there is not None and (there.settings, there.image) == (wanted.settings, wanted.image)
    return same and now - newest.created >= patience.starts_s


def _changes(
    pack: PackWanted, view: PackView, seen: PacksSeen, now: float, patience: Patience
) -> Iterator[Action]:
    newest = view.newest
    if newest is None:
        if now - pack.since >= patience.quiet_s or now - pack.first >= patience.gather_s:
            yield _make(view, "It is new.")
    elif _is_on(newest, seen.lost):
        yield _make(view, f"Its node {newest.pod.node if newest.pod else ''} does not answer.")
    elif newest.made_from == pack.made_from:
        yield from _in_place(pack, view, newest, seen, now, patience)
    elif _is_time(pack, newest, now, patience):
        yield _make(view, "Something else than an image has changed.")


def _is_on(one: ReplicaSetSeen, nodes: frozenset[str]) -> bool:
    """Whether its pod ran on one of these. One that was sent there since has no address, and is waited for."""
    return one.pod is not None and one.pod.ip is not None and one.pod.node in nodes


def _is_time(pack: PackWanted, newest: ReplicaSetSeen, now: float, patience: Patience) -> bool:
    if _only_goes(pack, newest):
        return now - pack.first >= patience.tidy_s
    return now - pack.since >= patience.quiet_s or now - pack.first >= patience.gather_s


def _only_goes(pack: PackWanted, newest: ReplicaSetSeen) -> bool:
    """All that is wanted is there, and something else too."""
    there = newest.contents
    return len(there) > len(pack.contents) and all(
        name in there and (there[name].settings, there[name].image) == (each.settings, each.image)
        for name, each in pack.contents.items()
    )


def _in_place(
    pack: PackWanted,
    view: PackView,
    newest: ReplicaSetSeen,
    seen: PacksSeen,
    now: float,
    patience: Patience,
) -> Iterator[Action]:
    busy = seen.busy.get(newest.name, frozenset())
    others = [(name, each) for name, each in pack.contents.items() if view.has_other_image(name, each)]
    stuck = False
    for name, content in others:
        working = newest.pod is not None and newest.pod.has_running(name)
        if not (working and busy & newest.contents[name].members.keys()):
            pod = newest.pod.name if newest.pod else None
            yield PatchImage(newest.name, pod, name, content.image)
        elif now - pack.first >= patience.busy_s:
            stuck = True
    if stuck:
        yield _make(view, "A container whose image has changed is never idle.")
    elif others or not _is_told_otherwise(view, newest):
        return
    elif view.settled() or now - pack.first >= patience.starts_s:
        yield Configure(newest.name)


def _is_told_otherwise(view: PackView, newest: ReplicaSetSeen) -> bool:
    there = {name: each.members for name, each in newest.contents.items()}
    return there != {name: each.members for name, each in view.contents.items()}


def _make(view: PackView, why: str) -> MakePack:
    return MakePack(view.name, view.next_number(), view.order(), why)


def _without_room(view: PackView, rooms: Rooms, seen: PacksSeen) -> Iterator[Action]:
    newest = view.newest
    stuck = rooms.stuck(view)
    if newest is None or stuck is None:
        return
    yield NoRoom(view.name, stuck, tuple(location for location, _ in view.homes()))
    for old in rooms.to_give(view):
        if not seen.busy.get(old.name):
            yield DeletePack(old.name, "There is no room for its successor beside it.")


def _goodbyes(
    seen: PacksSeen, keep: set[str], names: set[str], now: float, patience: Patience
) -> Iterator[Action]:
    served_from = {*seen.serving.values()}
    for each in seen.replica_sets:
        if each.deleting or each.name in keep or each.name in served_from or seen.busy.get(each.name):
            continue
        if now - seen.left.get(each.name, 0.0) >= patience.linger_s:
            why = "Its successor serves." if each.pack in names else "No location is in it."
            yield DeletePack(each.name, why)


def _once(found: list[Action]) -> list[Action]:
    deleted: set[str] = set()
    kept: list[Action] = []
    for each in found:
        if isinstance(each, DeletePack):
            if each.replica_set in deleted:
                continue
            deleted.add(each.replica_set)
        kept.append(each)
    return kept
