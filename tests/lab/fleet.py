"""Forty locations of four owners, as a company has them: most on an image of their own, some on shared ones, and some
that make trouble. Their images, and the values of the official chart that run a pod for each."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab import oci, python_layers
from lab.cluster import Cluster
from lab.oci import Image, Layer, LayerWriter

OWNERS = ("finance", "growth", "science", "supply")
# Each is a lock file: one small package beside Dagster.
LOCKS = (
    "toolz",
    "boltons",
    "inflection",
    "humanize",
    "parse",
    "text-unidecode",
    "more-itertools",
    "sortedcontainers",
)
SHARED = ("reports", "ingest")  # two images with eight locations each
_PATH = "PATH=/usr/local/bin:/usr/bin:/bin"
_ENTRYPOINT = '#!/bin/sh\nexport FROM_ENTRYPOINT=yes\nexec "$@"\n'
_CODE = """
import dagster as dg


@dg.asset
def {name}_v{version}() -> int:
    return {version}


@dg.schedule(cron_schedule="* * * * *", target="*")
def every_minute():
    return dg.SkipReason("nothing to do")


@dg.sensor(target="*", minimum_interval_seconds=30)
def looks():
    return dg.SkipReason("nothing new")


defs = dg.Definitions(
    assets=[{name}_v{version}],
    jobs=[dg.define_asset_job("nightly")],
    schedules=[every_minute],
    sensors=[looks],
)
"""
SAFE: Mapping[str, Any] = {
    "runAsNonRoot": True,
    "runAsUser": 10005,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


@dataclass(frozen=True)
class Member:
    """One location. `lock` is a number of LOCKS; `values` are more fields of its entry in the chart's values."""

    name: str
    owner: str
    image: str
    file: str = "/opt/app/defs.py"
    lock: int | None = None
    trouble: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def loads(self) -> bool:
        return self.trouble not in ("broken", "secretless")

    def deployment(self) -> dict[str, Any]:
        """Its entry in `deployments` of the official chart."""
        repository, _, tag = self.image.rpartition(":")
        return {
            "name": self.name,
            "image": {"repository": repository, "tag": tag, "pullPolicy": "IfNotPresent"},
            "dagsterApiGrpcArgs": ["-f", self.file],
            "port": 4000,
            "labels": {"owner": self.owner},
            "securityContext": dict(SAFE),
            **self.values,
        }


def members(version: int = 1) -> tuple[Member, ...]:
    """The forty. `version` is that of their images."""
    found = [_own(number, version) for number in range(24)]
    for number in range(16):
        shared = SHARED[number // 8]
        name = f"{shared}-{number % 8}"
        found.append(Member(name, OWNERS[number // 8], f"reef.test/fleet-{shared}:{version}", _file(name)))
    return tuple(found)


def _own(number: int, version: int) -> Member:
    name = f"own-{number:02d}"
    image = f"reef.test/fleet-{name}:{version}"
    owner = OWNERS[number % 4]
    troubles: dict[int, tuple[str, Mapping[str, Any]]] = {
        3: ("user", {"securityContext": {**SAFE, "runAsUser": 4242}}),
        7: ("entrypoint", {}),
        11: ("sidecar", {"sidecarContainers": [_sidecar()]}),
        15: ("broken", {}),
        19: ("secretless", {"envSecrets": [{"name": "warehouse-token"}]}),
    }
    trouble, values = troubles.get(number, ("", {}))
    return Member(name, owner, image, lock=number % 8, trouble=trouble, values=values)


def _sidecar() -> dict[str, Any]:
    return {
        "name": "beside",
        "image": "reef.test/location:1",
        "command": ["sleep", "1000000"],
        "securityContext": dict(SAFE),
    }


def _file(name: str) -> str:
    return f"/opt/app/{name.replace('-', '_')}.py"


def values(fleet: Iterable[Member]) -> dict[str, Any]:
    """Of the official chart: a pod for each."""
    return {
        "dagster-user-deployments": {"enabled": True, "deployments": [each.deployment() for each in fleet]}
    }


def load(
    cluster: Cluster, folder: Path, versions: Iterable[int] = (1,), fleet: Iterable[Member] = ()
) -> None:
    """Make the images of these versions, and put them onto all nodes. `folder` is a new one."""
    below = [oci.layer(cluster.images / f"{name}.tar") for name in ("base", "python", "packages")]
    locks = _locks(cluster.images, folder)
    chosen = {each.name for each in fleet}
    for version in versions:
        all_of_them = [each for each in members(version) if not chosen or each.name in chosen]
        images = list(_images(all_of_them, version, below, locks, folder))
        archive = folder / f"fleet-{version}.tar"
        oci.archive(archive, images, platform.machine(), without=below)
        cluster.load(archive)
        archive.unlink()


def _locks(work: Path, folder: Path) -> list[Layer]:
    """Layers of the lock files, beside the interpreter of the lab's images."""
    return [python_layers.beside(work, folder / f"lock{number}", name) for number, name in enumerate(LOCKS)]


def _images(
    fleet: Iterable[Member], version: int, below: list[Layer], locks: list[Layer], folder: Path
) -> Iterable[Image]:
    done: set[str] = set()
    everybody = list(fleet)
    for each in everybody:
        if each.image in done:
            continue
        done.add(each.image)
        writer = LayerWriter(folder / f"{each.image.replace('/', '_').replace(':', '_')}.tar")
        config: dict[str, Any] = {"Env": [_PATH], "WorkingDir": "/opt/app"}
        for other in everybody:
            if other.image == each.image:
                writer.file(other.file, code(other, version).encode())
        if each.trouble == "entrypoint":
            writer.file("entrypoint", _ENTRYPOINT.encode(), 0o755)
            config["Entrypoint"] = ["/entrypoint"]
        if each.trouble == "user":
            config["User"] = "4242"
        extra = [] if each.lock is None else [locks[each.lock]]
        yield Image(each.image, (*below, *extra, writer.done()), config)


def code(each: Member, version: int) -> str:
    """Its file."""
    if each.trouble == "broken":
        return "raise RuntimeError('the warehouse is not there')\n"
    return _CODE.format(name=each.name.replace("-", "_"), version=version)
