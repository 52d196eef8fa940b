"""What is promoted for each location."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import msgspec

from reef.gateway.contract import Served
from reef.views import Costs

FORMAT = 1


class ServedRecord(msgspec.Struct, frozen=True):
    """One promoted version of one location. `sources` and `definitions` are for their own packages to read."""

    location: str
    version: str
    server_id: str
    snapshot: str | None
    load_error: str | None = None
    recorded_at: float = 0.0  # unix seconds
    environment: str = ""  # fingerprint of the interpreter's environment
    settings: str = ""  # hash of the settings that change what runs
    sources: dict[str, object] = {}
    definitions: dict[str, object] = {}
    modules: str | None = None  # digest of the list of what its load imported
    contents: str | None = None  # digest of what it is made of, file by file
    cold_start_s: float | None = None
    cold_start_cpu_s: float | None = None
    private_bytes: int | None = None
    call_interval_s: float | None = None
    connects: tuple[str, ...] = ()  # other machines that its load connects to, `host:port`
    starts: tuple[str, ...] = ()  # programs that its load starts
    pinned: str | None = None  # why it is served from its kept copy, whatever lies on the disk now
    changes: tuple[
        float, ...
    ] = ()  # unix seconds: when the answers changed with the same version, the last times
    format: int = FORMAT

    def as_served(self) -> Served:
        return Served(server_id=self.server_id, snapshot=self.snapshot, load_error=self.load_error)

    def costs(self) -> Costs:
        return Costs(
            self.cold_start_s,
            self.cold_start_cpu_s,
            self.private_bytes,
            self.call_interval_s,
            reaches_outside=bool(self.connects or self.starts),
        )


@dataclass(frozen=True)
class Refused:
    """The new code is not served; the old version, if there is one, goes on."""

    reason: str


@dataclass(frozen=True)
class Promoted:
    record: ServedRecord


def server_id(version: str, snapshot: str | None, load_error: str | None) -> str:
    """Equal wherever and whenever the same version answers the same; shaped like Dagster's own ids."""
    digest = hashlib.sha256("\0".join((version, snapshot or "", load_error or "")).encode()).hexdigest()
    return f"reef-{digest[:32]}"
