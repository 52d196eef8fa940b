"""One pack as it is beside what it shall be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reef.kube.labels import HOST_CONTAINER
from reef.kube.seen.state import Content, ReplicaSetSeen


@dataclass(frozen=True)
class PackView:
    """`contents` is what is wanted, `replica_sets` are all of this pack, `serving` as in `packs.PacksSeen`."""

    name: str
    contents: Mapping[str, Content]
    replica_sets: tuple[ReplicaSetSeen, ...]
    serving: Mapping[str, str]

    @property
    def sets(self) -> tuple[ReplicaSetSeen, ...]:
        """Those that stay, the newest first."""
        alive = [each for each in self.replica_sets if not each.deleting]
        return tuple(sorted(alive, key=lambda each: each.number, reverse=True))

    @property
    def newest(self) -> ReplicaSetSeen | None:
        return self.sets[0] if self.sets else None

    def homes(self) -> Iterator[tuple[str, str]]:
        """Each location and its container."""
        for container, content in self.contents.items():
            for location in content.locations:
                yield location, container

    def current(self, location: str) -> ReplicaSetSeen | None:
        """From what it is served, where that is there and has a pod."""
        name = self.serving.get(location)
        found = next((each for each in self.sets if each.name == name), None)
        return found if found and found.pod else None

    def next_number(self) -> int:
        """One that no ReplicaSet has, those that go among them."""
        return max((each.number for each in self.replica_sets), default=0) + 1

    def order(self) -> tuple[str, ...]:
        """Containers that run now first: kubelet starts them one after the other, and one that fails holds up the
        next."""
        pods = [each.pod for each in self.sets if each.pod]
        runs = {name for name in self.contents if any(pod.has_running(name) for pod in pods)}
        return (*sorted(runs), *sorted(self.contents.keys() - runs))

    def has_other_image(self, container: str, content: Content) -> bool:
        """Whether pod or template of the newest have another image there."""
        newest = self.newest
        if newest is None or container not in newest.contents:
            return False
        asked = newest.pod.containers.get(container) if newest.pod else None
        in_pod = asked.image if asked else content.image
        return newest.contents[container].image != content.image or in_pod != content.image

    def settled(self) -> bool:
        """Whether the images that are wanted run; what has no pod yet starts with them."""
        newest = self.newest
        if newest is None:
            return False
        if newest.pod is None:
            return not any(self.has_other_image(name, each) for name, each in self.contents.items())
        return all(in_place(newest, name, each) for name, each in self.contents.items())


def in_place(where: ReplicaSetSeen, container: str, wanted: Content) -> bool:
    """Whether that container runs there as it is wanted."""
    there, pod = where.contents.get(container), where.pod
    if there is None or pod is None or there.settings != wanted.settings:
        return False
    return pod.has_running(container) and pod.containers[container].image == wanted.image


def stuck(view: PackView, container: str, since: float, now: float, starts_s: float) -> str | None:
    """Why a container does not run as it is wanted in the newest pod, where that is wanted since then and has been
    waited for; None where it runs, or may yet."""
    newest = view.newest
    if newest is None or newest.pod is None or now - max(since, newest.pod.created) < starts_s:
        return None
    one = newest.pod.containers.get(container)
    if one is None or one.image != view.contents[container].image or newest.pod.has_running(container):
        return None
    return f"Its container in {newest.pod.name} does not run: {one.message or one.reason or 'it has not started'}."


def serves(view: PackView, location: str) -> bool:
    """Whether the location is served from where it shall be, as it shall be, by a host that is ready: a promotion waits
    for this."""
    current = view.current(location)
    container = current.container_of(location) if current else None
    if current is None or container is None or container not in view.contents or current.pod is None:
        return False
    wanted = view.contents[container]
    told = current.contents[container].members.get(location) == wanted.members.get(location)
    return told and current.pod.is_ready(HOST_CONTAINER) and in_place(current, container, wanted)
