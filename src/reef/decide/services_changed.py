"""What a new content of the fleet's file changes of its shared services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reef.fleet.model import ServiceSpec


@dataclass(frozen=True)
class ServicesChanged:
    """Names, in the order of the file."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


def services_changed(before: Mapping[str, ServiceSpec], after: Mapping[str, ServiceSpec]) -> ServicesChanged:
    """`image` and `replicas` are of pods: on one machine they change nothing."""
    return ServicesChanged(
        tuple(name for name in after if name not in before),
        tuple(name for name in before if name not in after),
        tuple(name for name, one in after.items() if name in before and _here(before[name]) != _here(one)),
    )


def _here(one: ServiceSpec) -> tuple[object, ...]:
    return (
        *(one.module, one.expose, one.python, one.cwd, dict(one.env), one.memory_limit_bytes),
        *(one.idle_timeout_s, one.start_timeout_s, one.at_once, one.waiting, one.address),
    )
