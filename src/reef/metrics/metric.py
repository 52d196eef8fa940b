"""What a metric is: its name, what it counts, and by which labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram", "info"]
Role = Literal["host", "gateway", "pack", "controller", "page"]
OF_LOCATION = ("location", "owner")


@dataclass(frozen=True)
class Metric:
    """`roles` are the processes that export it. On a cluster one role alone exports a fact of a location, so that sums
    count nothing twice. `by` are the labels beside `location` and `owner`."""

    name: str
    kind: Kind
    unit: str
    help: str
    by: tuple[str, ...]
    roles: tuple[Role, ...]
    of_location: bool
    buckets: tuple[float, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """All that are told apart by; a histogram's `le` comes on top."""
        return (*OF_LOCATION, *self.by) if self.of_location else self.by

    @property
    def family(self) -> str:
        """As OpenMetrics names it."""
        return self.name.removesuffix("_total").removesuffix("_info")

    @property
    def sample_names(self) -> tuple[str, ...]:
        """What a query can ask for."""
        if self.kind == "histogram":
            return tuple(f"{self.name}{end}" for end in ("_bucket", "_sum", "_count"))
        return (self.name,)

    def plain(self) -> dict[str, object]:
        """For programs."""
        return {
            "name": self.name,
            "type": self.kind,
            "unit": self.unit or None,
            "help": self.help,
            "labels": list(self.labels),
            "processes": list(self.roles),
            "buckets": list(self.buckets),
        }
