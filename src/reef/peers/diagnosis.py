"""What the process beside a location's container is told to examine, as the Job of `reef doctor --in-cluster` says."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from reef.peers.messages import PackLocation


class DoctorOrder(Struct, frozen=True, kw_only=True):
    """`target` has the names of `dagster api grpc`: `python_file`, `module_name`, … `memory_bytes`, `time_s`: from
    which cost on a statement is a finding. `start_s`: how long the container may take until its agent answers."""

    location: PackLocation
    name: str  # as Dagster knows it
    target: dict[str, str]
    packed: bool
    memory_bytes: int | None = None
    time_s: float | None = None
    timeout_s: float = 180.0
    start_s: float = 900.0
    ticks: bool = False


def order_to_json(order: DoctorOrder) -> str:
    return msgspec.json.encode(order).decode()


def order_from_json(text: str) -> DoctorOrder:
    """Raises ValueError with what is wrong, for people."""
    return msgspec.json.decode(text, type=DoctorOrder)
