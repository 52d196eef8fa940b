"""Which location goes into which pack. Whoever is in one stays there while it may."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reef.decide.placements.keys import PackKey, container_of
from reef.decide.placements.wish import Wish


@dataclass(frozen=True)
class PackBounds:
    """The most that one pack has. A pod with 100 containers was tried; `memory_bytes` None: no bound."""

    containers: int = 100
    memory_bytes: int | None = None


BOUNDS = PackBounds()
PREFIX = "pack-"  # no Deployment of a location has it (`kube.objects.names`)


@dataclass(frozen=True)
class PackContainer:
    """One container: an image, one set of settings, and the locations that are served in it, by name."""

    image: str
    locations: tuple[str, ...]


@dataclass(frozen=True)
class Pack:
    """One pod. `name` is made of its key, and stays while the key does."""

    name: str
    key: PackKey
    containers: tuple[PackContainer, ...]

    @property
    def locations(self) -> tuple[str, ...]:
        """All of them, by name."""
        return tuple(sorted(name for each in self.containers for name in each.locations))


def packs(
    members: Mapping[PackKey, Sequence[Wish]], already: Mapping[str, str], bounds: PackBounds = BOUNDS
) -> tuple[Pack, ...]:
    """`already`: location -> the name of the pack that it is in."""
    made = [pack for key, wishes in members.items() for pack in _of_key(key, wishes, already, bounds)]
    return tuple(sorted(made, key=lambda pack: pack.name))


class _Room:
    """A pack that is being filled."""

    def __init__(self, bounds: PackBounds) -> None:
        self.groups: list[list[Wish]] = []
        self._bounds = bounds

    def takes(self, group: Sequence[Wish]) -> bool:
        """A group that is too large for any pack gets one alone."""
        if not self.groups:
            return True
        most = self._bounds.memory_bytes
        taken = sum(_memory(each) for each in (*self.groups, group))
        return len(self.groups) < self._bounds.containers and (most is None or taken <= most)


def _of_key(
    key: PackKey, wishes: Sequence[Wish], already: Mapping[str, str], bounds: PackBounds
) -> Iterable[Pack]:
    rooms: dict[int, _Room] = {}
    homeless: list[list[Wish]] = []
    for group in _groups(wishes):
        number = _number(key, group, already)
        room = rooms.setdefault(number, _Room(bounds)) if number else None
        if room is not None and room.takes(group):
            room.groups.append(group)
        else:
            homeless.append(group)
    for group in homeless:
        _first_with_room(rooms, group, bounds).groups.append(group)
    return [_pack(key, number, room) for number, room in rooms.items()]


def _groups(wishes: Sequence[Wish]) -> list[list[Wish]]:
    """Those that share a container, by the name of their first."""
    found: dict[str, list[Wish]] = {}
    for wish in sorted(wishes, key=lambda wish: wish.name):
        found.setdefault(container_of(wish), []).append(wish)
    return list(found.values())


def _number(key: PackKey, group: Sequence[Wish], already: Mapping[str, str]) -> int | None:
    """That of the pack of this key in which one of the group is."""
    for wish in group:
        beginning, _, number = already.get(wish.name, "").rpartition("-")
        if beginning == _beginning(key) and number.isdecimal():
            return int(number)
    return None


def _first_with_room(rooms: dict[int, _Room], group: Sequence[Wish], bounds: PackBounds) -> _Room:
    for _, room in sorted(rooms.items()):
        if room.takes(group):
            return room
    number = next(each for each in range(1, len(rooms) + 2) if each not in rooms)
    return rooms.setdefault(number, _Room(bounds))


def _pack(key: PackKey, number: int, room: _Room) -> Pack:
    containers = [
        PackContainer(_image(group[0]), tuple(wish.name for wish in group))
        for group in sorted(room.groups, key=lambda group: group[0].name)
    ]
    return Pack(f"{_beginning(key)}-{number}", key, tuple(containers))


def is_in_pack(place: str) -> bool:
    """Whether a place is the ReplicaSet of a pack, whose name begins with that of the pack; else it is a location's own
    Deployment."""
    return place.startswith(PREFIX)


def _beginning(key: PackKey) -> str:
    return f"{PREFIX}{key.digest}"


def _memory(group: Sequence[Wish]) -> int:
    return sum(wish.memory_bytes for wish in group)


def _image(wish: Wish) -> str:
    return str(wish.document.get("container", {}).get("image", ""))
