"""A fleet as everything above the readers sees it: resolved, absolute, defaults applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from reef.errors import Where

Placement = Literal["packed", "standing", "external"]
OnLoadError = Literal["keep", "show"]
Promote = Literal["on_change", "on_deploy"]
WaveOrder = Literal["size", "owner"]
Revalidate = (
    Literal["on_wake", "never"] | float | None
)  # seconds of an interval; None: when somebody presses Reload


@dataclass(frozen=True)
class CodeTarget:
    """What a code server loads; exactly one of the first four is set (Dagster's LoadableTargetOrigin)."""

    python_file: str | None = None
    module_name: str | None = None
    package_name: str | None = None
    autoload_defs_module_name: str | None = None
    attribute: str | None = None
    working_directory: str | None = None

    def cli_args(self) -> tuple[str, ...]:
        """The arguments of `dagster api grpc` that name this target."""
        pairs = (
            ("-f", self.python_file),
            ("-m", self.module_name),
            ("-d", self.working_directory),
            ("-a", self.attribute),
            ("--package-name", self.package_name),
            ("--autoload-defs-module-name", self.autoload_defs_module_name),
        )
        return tuple(part for flag, value in pairs if value for part in (flag, value))


@dataclass(frozen=True)
class ServerAddress:
    """Where somebody else's code server listens: a port with a host, or a unix socket."""

    host: str = "localhost"
    port: int | None = None
    socket: str | None = None
    ssl: bool = False

    def target(self) -> str:
        """The gRPC target string."""
        return f"unix:{self.socket}" if self.socket else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Location:
    """One code location. Paths are absolute; `env` has the values of `env_files` already merged below it."""

    name: str
    placement: Placement = "packed"
    code: CodeTarget | None = None  # None only for external
    server: ServerAddress | None = None  # only for external
    python: str = ""  # absolute path of the interpreter as the user named it (symlinks kept); "" for external
    python_explicit: bool = (
        False  # the user named it: Dagster then announces `python -m dagster` as entry point
    )
    cwd: str = ""  # working directory of the process
    env: Mapping[str, str] = field(
        default_factory=dict
    )  # only what the location adds to the host's environment
    env_files: tuple[str, ...] = ()
    awaited_files: tuple[str, ...] = ()  # more files of variables: not there yet, or Dagster's to read
    owner: str | None = None
    memory_limit_bytes: int | None = None
    idle_timeout_s: float | None = None  # None: Reef decides from what it measures
    max_concurrent_calls: int = 16
    load_timeout_s: float | None = None  # None: that of the Dagster instance
    on_load_error: OnLoadError = "keep"
    revalidate: Revalidate = None
    container_image: str | None = None
    container_context: Mapping[str, object] | None = None
    renamed_from: str | None = None  # its earlier name: state of schedules and sensors comes from there
    where: Where | None = None
    broken: str | None = (
        None  # why it cannot be started at all, `file:line: reason`; the others are as they are
    )


@dataclass(frozen=True)
class WaveEnd:
    """How many locations are deployed once a wave is over: a number of them, or per cent of all."""

    number: float
    percent: bool = False

    def __str__(self) -> str:
        return f"{self.number:g}%" if self.percent else f"{self.number:g}"


@dataclass(frozen=True)
class DeploySpec:
    """How a deploy goes about it. Without `ends` everything is one wave; the rest of a deploy is the last
    one."""

    ends: tuple[WaveEnd, ...] = ()
    soak_s: float = 0.0
    order: WaveOrder = "size"
    canary: tuple[str, ...] = ()
    rollback_on_halt: bool = False


@dataclass(frozen=True)
class HistorySpec:
    """What is kept of what locations used."""

    days: int = 30
    most_bytes: int = 50 << 20


@dataclass(frozen=True)
class Budget:
    """Of what loading a location adds to a server without one; None: no bound."""

    memory_bytes: int | None = None
    load_time_s: float | None = None
    threads: int | None = None
    where: Where | None = None


@dataclass(frozen=True)
class Budgets:
    every: Budget = Budget()
    locations: Mapping[str, Budget] = field(default_factory=dict)

    def of(self, name: str) -> Budget:
        """A location's own bounds, with those of every location where it has none."""
        own = self.locations.get(name)
        if own is None:
            return self.every
        return Budget(
            self.every.memory_bytes if own.memory_bytes is None else own.memory_bytes,
            self.every.load_time_s if own.load_time_s is None else own.load_time_s,
            self.every.threads if own.threads is None else own.threads,
            own.where,
        )


@dataclass(frozen=True)
class DoctorSpec:
    """From which cost of a statement on the doctor says something; None: its own."""

    budgets: Budgets = Budgets()
    memory_bytes: int | None = None
    time_s: float | None = None


@dataclass(frozen=True)
class ServiceSpec:
    """Functions of one module that locations and runs call in a process of their own. Paths are absolute;
    `env` is only what it adds to the host's. `at_once`: calls that run together; `waiting`: more that may
    wait for one of them."""

    name: str
    module: str
    expose: tuple[str, ...]
    python: str
    cwd: str
    env: Mapping[str, str] = field(default_factory=dict)
    memory_limit_bytes: int | None = None
    idle_timeout_s: float = 600.0
    start_timeout_s: float = 180.0
    at_once: int = 4
    waiting: int = 64
    address: str = ""  # of a server that somebody else runs; then nothing is started


@dataclass(frozen=True)
class Fleet:
    """All locations of one Reef, in the order the user wrote them; names are unique."""

    locations: tuple[Location, ...]
    source: str  # absolute path of the file or folder it was read from
    kind: Literal["reef", "workspace", "project", "dg"]
    default_python: str  # for the webserver, the daemon and locations that name no interpreter
    memory_budget_bytes: int | None = None  # None: no bound on all warm children together
    max_simultaneous_wakes: int | None = None  # None: from the number of cores
    promote: Promote = "on_change"  # or on_deploy: what is served stays until somebody deploys
    warnings: tuple[str, ...] = ()
    files: tuple[str, ...] = ()  # every file that was read; a change to one means reading again
    deploy: DeploySpec = DeploySpec()
    history: HistorySpec | None = HistorySpec()  # None: none is kept
    folder: str = ""  # the one that `dagster dev`, or `dg dev`, would run in
    doctor: DoctorSpec = DoctorSpec()
    services: tuple[ServiceSpec, ...] = ()
