"""States of a cluster for tables: ReplicaSets of packs, their pods, probe pods. Nothing here is a real one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reef.decide.cluster.pack_steps import PacksSeen, PackWanted
from reef.kube.seen.state import ContainerSeen, Content, PodSeen, ReplicaSetSeen

PACK = "pack-aa-1"
NOW = 1_000.0
LONG_AGO = 0.0


def content(image: str = "i@sha256:1", settings: str = "s", **members: str) -> Content:
    return Content(settings, image, members)


def contents(**images: str) -> dict[str, Content]:
    """A container of its own for each location: name -> image. Its host is told of that image too."""
    return {name: content(image, **{name: image}) for name, image in images.items()}


def made_from(found: Mapping[str, Content]) -> str:
    """As the objects do it: of settings, not of images."""
    return str(sorted((name, each.settings) for name, each in found.items()))


def wanted(found: Mapping[str, Content], since: float = LONG_AGO, first: float | None = None) -> PackWanted:
    return PackWanted(PACK, made_from(found), found, since, since if first is None else first)


def container(name: str, image: str, state: str = "running", **more: Any) -> ContainerSeen:
    image_id = more.pop("image_id", image)
    return ContainerSeen(name, image, image_id, state, ready=state == "running", **more)  # type: ignore[arg-type]


def pod(images: Mapping[str, str], *, host: bool = True, waits: tuple[str, ...] = (), **more: Any) -> PodSeen:
    """`waits`: containers that do not run."""
    found = {
        name: container(name, image, "waiting" if name in waits else "running")
        for name, image in images.items()
    }
    found["reef"] = container("reef", "reef", "running" if host else "waiting")
    return PodSeen(
        more.pop("name", "pod"), more.pop("created", LONG_AGO), "Running", containers=found, **more
    )


def replica_set(
    number: int, found: Mapping[str, Content], there: PodSeen | str | None = "", **more: Any
) -> ReplicaSetSeen:
    """With a pod in which all runs, if not said otherwise."""
    images = {name: each.image for name, each in found.items()}
    one = pod(images, name=f"pod-{number}") if isinstance(there, str) else there
    created = more.pop("created", LONG_AGO)
    return ReplicaSetSeen(
        f"{PACK}-{number}", created, more.pop("made_from", made_from(found)), found, pod=one, **more
    )


ONE, TWO, THREE = (f"{PACK}-{number}" for number in (1, 2, 3))
V1, V2 = "i@sha256:1", "i@sha256:2"
A = contents(a=V1)
AB = contents(a=V1, b=V1)
AB2 = contents(a=V1, b=V2)
OTHER = {**A, "b": content(V1, "other settings", b=V1)}
BOTH_IN_A = {"a": content(V1, a=V1, b=V1)}
AT_ONE = {"a": ONE, "b": ONE}


def seen(*sets: ReplicaSetSeen, serving: dict[str, str] | None = None, **more: Any) -> PacksSeen:
    return PacksSeen(sets, AT_ONE if serving is None else serving, **more)


def unscheduled(since: float) -> Any:
    return pod(AB_IMAGES, host=False, waits=("a", "b"), unschedulable="0/2 nodes", unschedulable_since=since)


AB_IMAGES = {"a": V1, "b": V1}
OLD, NEW = replica_set(1, AB), replica_set(2, OTHER)
