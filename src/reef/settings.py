"""What a command line asks of one host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Beside:
    """Dagster's own processes that `reef up` runs; `reef serve` has none."""

    webserver: bool = True
    daemon: bool = True
    host: str = "127.0.0.1"
    port: int | None = None  # None: 3000, or the next one that is free
    path_prefix: str | None = None
    read_only: bool = False


@dataclass(frozen=True)
class PageSettings:
    """Reef's own page, of the HTTP listener that has `/metrics` too."""

    wanted: bool = True
    host: str = "127.0.0.1"
    port: int | None = None  # None: the one of last time, else a free one
    actions: bool | None = (
        None  # whether buttons do something; None: where only this machine reaches the page
    )

    @property
    def is_asked_for(self) -> bool:
        """Somebody chose an address; that it cannot be had is an error."""
        return self.port is not None or self.host != "127.0.0.1"


@dataclass(frozen=True)
class HostSettings:
    """Everything a host is told at start."""

    path: str | None
    state_dir: Path | None = None
    dagster_home: str | None = None
    own_instance: bool = False  # Reef's own, whatever DAGSTER_HOME and the fleet's folder say
    beside: Beside | None = field(default_factory=Beside)
    page: PageSettings = field(default_factory=PageSettings)
    listen: str = "unix"  # or "tcp"
    listen_host: str = "127.0.0.1"
    base_port: int = 4000
    python: str | None = None  # default interpreter of locations that name none
    leave_children: bool = False  # at SIGTERM: servers with live runs are left to the next host
    immortal: bool = True
    unclaimed_s: float | None = None  # children that no host claims for so long end themselves; None: 30
    watch: bool = False
    as_json: bool = False
    webserver: str | None = None  # URL of somebody else's webserver, to be told of changes
    webserver_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
