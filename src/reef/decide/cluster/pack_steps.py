"""What is seen and wanted of packs, and what may be done with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reef.kube.seen.state import Content, ReplicaSetSeen


@dataclass(frozen=True)
class Patience:
    """In seconds. `quiet_s` without a new change, at most `gather_s`, before a pod is made for what has changed: so
    many locations that come together make one pod, not one each. `tidy_s`: the same where something only goes."""

    quiet_s: float = 5.0
    gather_s: float = 30.0
    tidy_s: float = 120.0
    busy_s: float = 60.0  # a container that is never idle is replaced in another pod after this
    starts_s: float = 120.0  # a container that does not run is no longer waited for
    room_s: float = 60.0  # without room for a second pod, the first one goes after this
    linger_s: float = 10.0  # so long a call may be under way to where a location was


PATIENCE = Patience()


@dataclass(frozen=True)
class PackWanted:
    """What `pack_replica_set` would make: its annotations. `since` is when that last changed, `first` since when it is
    not what is there, unix seconds (`changing`)."""

    name: str
    made_from: str
    contents: Mapping[str, Content]
    since: float
    first: float


@dataclass(frozen=True)
class PacksSeen:
    """The ReplicaSets of packs. `serving`: location -> the ReplicaSet that it is served from. `busy`: ReplicaSet ->
    locations with calls or runs under way there. `left`: ReplicaSet -> when a location last left it. `lost`: nodes."""

    replica_sets: Sequence[ReplicaSetSeen] = ()
    serving: Mapping[str, str] = field(default_factory=dict)
    busy: Mapping[str, frozenset[str]] = field(default_factory=dict)
    left: Mapping[str, float] = field(default_factory=dict)
    lost: frozenset[str] = frozenset()


@dataclass(frozen=True)
class MakePack:
    """Make the ReplicaSet `<pack>-<number>`, its containers in that `order`."""

    pack: str
    number: int
    order: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class PatchImage:
    """Give a container another image: in the pod, where there is one, and in the ReplicaSet."""

    replica_set: str
    pod: str | None
    container: str
    image: str


@dataclass(frozen=True)
class Configure:
    """The pod stays; what its host is told does not. Apply the ConfigMap, tell the host, and then apply the ReplicaSet,
    whose annotation says that it was told."""

    replica_set: str


@dataclass(frozen=True)
class Switch:
    """Serve the location from there. Where it runs another version there, that is shown in the same step."""

    location: str
    replica_set: str


@dataclass(frozen=True)
class DeletePack:
    replica_set: str
    why: str


@dataclass(frozen=True)
class NoRoom:
    """To be said of the locations: no node has room for their pod."""

    pack: str
    message: str
    locations: tuple[str, ...]


Action = MakePack | PatchImage | Configure | Switch | DeletePack | NoRoom


@dataclass(frozen=True)
class PackChange:
    """What is kept between two looks, by pack: the digest that was wanted, and since when."""

    digest: str
    since: float
    first: float | None


def changing(before: PackChange | None, digest: str, done: bool, now: float) -> PackChange:
    """`digest` is of all that is wanted of a pack, `done` whether it is there. What is forgotten costs patience."""
    since = before.since if before and before.digest == digest else now
    if done:
        return PackChange(digest, since, None)
    return PackChange(digest, since, before.first if before and before.first is not None else now)
