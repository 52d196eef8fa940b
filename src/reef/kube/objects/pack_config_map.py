"""What a pack host is told of the locations in its pod."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from reef.fleet.units import size_bytes, span_s
from reef.kube.asked import document
from reef.kube.helm.arguments import arguments
from reef.kube.labels import PACK_CONFIG
from reef.kube.model import CodeLocation
from reef.kube.objects.environment import own_variables
from reef.kube.objects.meta import metadata
from reef.kube.objects.released import Owner, PackedContainer, PackPlan, Released
from reef.kube.quantities import quantity
from reef.peers.messages import PackConfig, PackLocation
from reef.peers.pack_config import to_json

FILE = PACK_CONFIG.rpartition("/")[2]
LOAD_TIMEOUT_S = 180.0


def pack_config(plan: PackPlan, generation: int) -> PackConfig:
    """The locations of a pack, by name. `generation` only goes up."""
    found = [
        pack_location(each, container, plan.namespace)
        for container in plan.containers
        for each in container.members
    ]
    return PackConfig(
        generation=generation, locations=tuple(sorted(found, key=lambda location: location.name))
    )


def pack_config_map(plan: PackPlan, generation: int, owners: tuple[Owner, ...] = ()) -> dict[str, Any]:
    """The same as the ConfigMap that its pod mounts. It has the name of the ReplicaSet."""
    return config_map(plan.name, plan.namespace, "pack", pack_config(plan, generation), owners)


def config_map(
    name: str, namespace: str, component: str, config: PackConfig, owners: tuple[Owner, ...] = ()
) -> dict[str, Any]:
    """Any PackConfig as a ConfigMap."""
    text = to_json(config).decode()
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(name, namespace, component, owners=owners),
        "data": {FILE: text},
    }


def pack_location(released: Released, container: PackedContainer, namespace: str) -> PackLocation:
    """One location, in that container."""
    spec = released.location.spec
    limit = spec.memory_limit or None
    idle = span_s(spec.idle_timeout) if spec.idle_timeout else None
    return PackLocation(
        name=released.name,
        container=container.name,
        version=released.version,
        grpc_args=tuple(grpc_args(released.location)),
        owner=spec.owner or None,
        python=spec.python or None,
        working_directory=spec.working_directory or None,
        env=own_variables(released, namespace),
        memory_limit_bytes=size_bytes(limit) if limit else _limit_of_container(released, container),
        idle_timeout_s=idle,
        load_timeout_s=load_timeout_s(released.location),
        warm=idle is not None and math.isinf(idle),
    )


def load_timeout_s(location: CodeLocation) -> float:
    """How long its code may take to load."""
    return span_s(location.spec.load_timeout) if location.spec.load_timeout else LOAD_TIMEOUT_S


def grpc_args(location: CodeLocation) -> list[str]:
    """The arguments of `dagster api grpc` but for its address, as the location's chart would give them."""
    spec = location.spec
    code: dict[str, str] = msgspec.to_builtins(spec.code) if spec.code else {}
    rest = list(spec.serverArgs or ())
    named = any(each.split("=")[0] == "--location-name" for each in rest)
    name = [] if named else ["--location-name", location.location_name]
    return [*arguments(code, spec.working_directory or None, rest), *name]


def _limit_of_container(released: Released, container: PackedContainer) -> int | None:
    """A container with one location needs no limit beside its own, which the kernel keeps."""
    if len(container.members) == 1:
        return None
    resources = document(released.location)["container"].get("resources") or {}
    return quantity_bytes((resources.get("limits") or {}).get("memory"))


def quantity_bytes(written: str | int | None) -> int | None:
    """Bytes of a quantity of Kubernetes; None for none, and for one that it would refuse."""
    found = quantity(written)
    return None if found is None else int(found)
