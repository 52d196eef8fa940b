"""What the pages are told by their host, and whom they ask to do something."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

Do = Callable[[Mapping[str, Any]], Awaitable[Any]]
"""As the commands of the host's own socket: asked for `{"location": name, ...}`; raises ReefError."""


@dataclass(frozen=True, slots=True)
class Version:
    """One promotion of a location; `at` in unix seconds."""

    version: str
    at: float
    loads: bool
    why: str
    can_roll_back: bool
    now: bool


@dataclass(frozen=True, slots=True)
class Detail:
    """What is read of one location from the disk for its own page. `extra` are more parts: a title, and lines."""

    log: str
    versions: tuple[Version, ...]
    traceback: str = ""  # of code that does not load
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class About:
    """`dagster` is the webserver's address, `token_file` where the token of this host is. `token_told` says where a
    person finds it, `off_told` why there are no buttons."""

    source: str
    dagster: str | None
    token_file: str
    started_at: float
    metrics: bool
    token_told: str = "open the link that `reef up` printed"  # noqa: S105
    off_told: str = "this page is reached from other machines, or was started with --no-page-actions"


@dataclass(frozen=True)
class Told:
    """What a page is made of, on one machine and on a cluster alike.

    `status` is what `reef status --json` prints on one machine; each location has `up` besides where a process's id
    does not say whether it has a server. `detail` raises KeyError for an unknown location. `acts` is empty where
    buttons are off; `usage` is what `reef usage NAME --json` says of a location, which may take seconds."""

    status: Callable[[], Awaitable[dict[str, Any]]]
    detail: Callable[[str], Awaitable[Detail]]
    about: Callable[[], About]
    acts: Mapping[str, Do]
    usage: Callable[[str], Awaitable[dict[str, Any]]] | None = None
