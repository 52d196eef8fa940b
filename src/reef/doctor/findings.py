"""What the doctor says of a location. Plain data: bytes, seconds, absolute paths, lines from 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

import msgspec

from reef.fleet.model import CodeTarget

Needed = Literal["define", "run", "unknown"]
Kind = Literal[
    "import",  # an import statement, or a call that imports
    "body",  # a statement at module level that computes or allocates
    "client",  # a network client, an engine, a connection made at module level
    "http",  # a call to another machine at module level
    "file",  # a big file read, a model loaded at module level
    "thread",  # a thread started at module level
    "process",  # a program started at module level
    "environment",  # a variable read at module level, on which definitions may depend
    "tick",  # a sensor or schedule whose own evaluation is slow
    "definitions",  # many definitions, a big snapshot
    "daemon",  # a setting of the instance that makes locations wait for each other
]
TroubleKind = Literal["error", "timeout", "exit", "crash", "unreadable", "partial"]


class FileRead(msgspec.Struct, frozen=True):
    path: str
    bytes: int


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """`private_bytes`: anonymous and shared-memory pages of the process itself, native allocations included; what
    another process can never share. `shared_bytes`: pages of mapped files (libraries), which the kernel keeps once.
    `wall_s`: without the time in which others had the processor."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    private_bytes: int = 0
    shared_bytes: int = 0
    threads: int = 0
    sockets: int = 0
    children: int = 0
    files: tuple[FileRead, ...] = ()


class Place(msgspec.Struct, frozen=True):
    """Another statement that brings the same modules. `bytes`: what both bring."""

    file: str
    line: int
    module: str
    bytes: int = 0


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One statement and what it costs.

    `costs`: what only this statement brings (with those of `shared_with` that name the same `module`, which are one
    cause). `saving_bytes`, `saving_s`: what a load is spared where the cure is applied to all of that cause; 0 where
    the cost would only move within loading. `measured`: found by loading without the statement, else estimated
    from who imports whom. `end_line`, `column`, `end_column`: the whole statement; columns from 0, 0 0 if unknown.
    """

    location: str
    kind: Kind
    file: str
    line: int
    module: str  # the module asked for; "" where the statement imports nothing
    statement: str  # its source, one line, shortened
    costs: Costs
    needed: Needed
    why_needed: str  # "decorator argument, line 12"; "" for run
    cure: str
    saving_bytes: int = 0
    saving_s: float = 0.0
    shared_with: tuple[Place, ...] = ()
    measured: bool = False
    message: str = ""  # one sentence for people
    end_line: int = 0
    column: int = 0
    end_column: int = 0
    at_rest_bytes: int = 0  # what it costs while nobody calls: as Dagster's own server (always up)
    standing_bytes: int = 0  # in a server that is up, Dagster's or Reef's
    under_reef_bytes: int = 0  # while asleep under Reef; 0 for packed locations that sleep


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Why a load did not end as it should; `file` and `line` where they are known ("" and 0 where not)."""

    kind: TroubleKind
    message: str
    file: str = ""
    line: int = 0


class Definitions(msgspec.Struct, frozen=True, kw_only=True):
    """Of one repository. `bytes`: of its serialized data; `digest`: sha256 of those."""

    assets: int = 0
    jobs: int = 0
    schedules: int = 0
    sensors: int = 0
    bytes: int = 0
    digest: str = ""


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """`load`: the whole process, Dagster included. `own`: what loading the location added to a server without one."""

    location: str
    load: Costs
    own: Costs
    definitions: Mapping[str, Definitions]
    findings: tuple[Finding, ...] = ()
    trouble: tuple[Trouble, ...] = ()
    diagnosis_s: float = 0.0


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """One plain load in a fresh interpreter, nothing patched. `definitions_digest`: sha256 over the serialized data of
    all repositories and their jobs, in order of their names; "" where it did not load. Two loads of the same source
    give the same one unless definitions depend on something else (a clock, an API): load twice to know."""

    definitions_digest: str
    costs: Costs
    trouble: tuple[Trouble, ...] = ()
    definitions: Mapping[str, Definitions] = {}


class LoadOnce(Protocol):
    """`reef.doctor.loading.load_once`. Blocks; never raises for what the location does."""

    def __call__(
        self,
        python: str,
        target: CodeTarget,
        cwd: str,
        env: Mapping[str, str],
        *,
        location: str = "",
        timeout_s: float = 180.0,
    ) -> Loaded:
        """`env`: the whole environment of the process, as `reef.doctor.loading.environ_of(location)` makes it."""
