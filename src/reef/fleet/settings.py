"""What `reef.yaml` may say: one set of models for reading it, for its JSON schema and for its reference page."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from reef.fleet.shared import SIZE, SPAN, Code, Server, Shared, Size, Span, Text, says
from reef.fleet.units import SPAN_PATTERN

WAVE_PATTERN = r"^[0-9]+(\.[0-9]+)?%$|^[1-9][0-9]*$"

SoakSpan = Annotated[str, Meta(pattern=rf"^0$|{SPAN_PATTERN}")] | Annotated[int, Meta(ge=0, le=0)]
TextList = Annotated[list[Text], Meta(min_length=1)]
Wave = Annotated[str, Meta(pattern=WAVE_PATTERN)] | Annotated[int, Meta(ge=1)]
EnvMap = dict[str, str | int | float | bool | None]


class Settings(Shared, forbid_unknown_fields=True, kw_only=True):
    """What every location can have, and `defaults` can have for all of them. null takes a default back."""

    env: Annotated[
        EnvMap | list[Text] | UnsetType | None,
        says(
            "Environment variables: a map, or a list of NAME=VALUE. NAME alone, or null in a map, takes the "
            "value that Reef itself was started with.",
            "a map of names to values, or a list of NAME=VALUE",
        ),
    ] = UNSET
    env_file: Annotated[
        Text | TextList | UnsetType | None,
        says(
            "One or many files of NAME=VALUE lines, relative to reef.yaml. `env` wins over them, a later file "
            "over an earlier one.",
            "the path of a file, or a list of them",
        ),
    ] = UNSET
    placement: Annotated[
        Literal["packed", "standing", "external"] | UnsetType | None,
        says(
            "packed: a process that is there only while it is needed. standing: a process that always runs. "
            "external: a server that somebody else runs.",
            "packed, standing or external",
        ),
    ] = UNSET
    container_image: Annotated[
        Text | UnsetType | None,
        says("The image that Dagster's run launcher uses for its runs.", "the name of an image"),
    ] = UNSET


class LocationSettings(Settings, forbid_unknown_fields=True, kw_only=True):
    """One code location."""

    code: Annotated[
        Text | Code | UnsetType,
        says(
            "What to load. A word alone is a Python file where it ends in .py, else a module.",
            "a Python file, a module, or a map with one of python_file, module, package, autoload_defs_module",
        ),
    ] = UNSET
    server: Annotated[
        Server | UnsetType,
        says(
            "The server of an external location.",
            "a map with port or socket, such as {host: sales, port: 4000}",
        ),
    ] = UNSET
    renamed_from: Annotated[
        Text | UnsetType,
        says(
            "The name that it had before: the state of its schedules and sensors is carried over, once.",
            "the name that the location had before",
        ),
    ] = UNSET


class DeploySettings(Struct, forbid_unknown_fields=True, kw_only=True):
    """How `reef deploy` goes about it, where the command says nothing else."""

    waves: Annotated[
        Annotated[list[Wave], Meta(min_length=1)] | UnsetType | None,
        says(
            "How many locations are deployed once each wave is over: numbers, or shares of the deploy. What is "
            "left is the last wave; without it everything is one wave.",
            "a list of numbers and percentages that grow, such as [1, 10, 100%]",
        ),
    ] = UNSET
    soak: Annotated[
        SoakSpan | UnsetType | None,
        says(
            "How long a wave is watched before the next one; 0 by default.", "a time such as 30s or 2m, or 0"
        ),
    ] = UNSET
    order: Annotated[
        Literal["size", "owner"] | UnsetType | None,
        says(
            "Who comes first. size: the locations with the fewest definitions. owner: the owners with the fewest "
            "locations, and all locations of an owner in one wave. size by default.",
            "size or owner",
        ),
    ] = UNSET
    canary: Annotated[
        Annotated[list[Text], Meta(min_length=1)] | UnsetType | None,
        says(
            "Locations that are a wave of their own before all others.",
            "a list of names of locations",
        ),
    ] = UNSET
    rollback_on_halt: Annotated[
        bool | UnsetType | None,
        says(
            "Whether a deploy that is halted takes back what it has promoted; false by default.",
            "true or false",
        ),
    ] = UNSET


class HistorySettings(Struct, forbid_unknown_fields=True, kw_only=True):
    """What is kept of what locations used, for `reef usage`."""

    days: Annotated[
        Annotated[int, Meta(ge=1, le=400)] | UnsetType | None,
        says("For how many days; 30 by default.", "a whole number from 1 to 400"),
    ] = UNSET
    size: Annotated[
        Size | UnsetType | None,
        says("The most that it may have on disk; beyond it the oldest days go. 50Mi by default.", SIZE),
    ] = UNSET


class BudgetSettings(Struct, forbid_unknown_fields=True, kw_only=True):
    """What loading a location may cost at most, Dagster's own share not counted."""

    memory: Annotated[
        Size | UnsetType | None, says("The most memory of its own that loading it may add.", SIZE)
    ] = UNSET
    load_time: Annotated[Span | UnsetType | None, says("The longest that loading it may take.", SPAN)] = UNSET
    threads: Annotated[
        Annotated[int, Meta(ge=0)] | UnsetType | None,
        says("The most threads that may run once it is loaded.", "a whole number from 0"),
    ] = UNSET


class DoctorBudgets(BudgetSettings, forbid_unknown_fields=True, kw_only=True):
    """What `reef doctor --check` holds locations against."""

    locations: Annotated[
        dict[str, BudgetSettings] | UnsetType | None,
        says(
            "Budgets of single locations, which win over those of all.",
            "a map of location names to their budgets",
        ),
    ] = UNSET


class DoctorSettings(Struct, forbid_unknown_fields=True, kw_only=True):
    """From which cost of a statement on `reef doctor` says something."""

    memory: Annotated[Size | UnsetType | None, says("Memory; 5Mi by default.", SIZE)] = UNSET
    time: Annotated[
        Span | UnsetType | None, says("Processor time, or time spent waiting; 250ms by default.", SPAN)
    ] = UNSET


class ReplicaSettings(Struct, forbid_unknown_fields=True, kw_only=True):
    """How many pods a shared service has on Kubernetes."""

    min: Annotated[
        Annotated[int, Meta(ge=1)] | UnsetType | None,
        says("The fewest pods; 1 by default.", "a whole number from 1"),
    ] = UNSET
    max: Annotated[
        Annotated[int, Meta(ge=1)] | UnsetType | None,
        says(
            "The most pods; as many as `min` by default. Where it is more, their processor time decides.",
            "a whole number from 1",
        ),
    ] = UNSET


class ServiceSettings(Struct, forbid_unknown_fields=True, kw_only=True):
    """A library that locations and runs call in one process of its own, with `reef.dagster.SharedService`."""

    module: Annotated[
        Text | UnsetType, says("The module whose functions are offered.", "a module, such as postal.parser")
    ] = UNSET
    expose: Annotated[
        TextList | UnsetType,
        says("The functions that may be called; those of a class as `Class.function`.", "a list of names"),
    ] = UNSET
    python: Annotated[
        Text | UnsetType | None,
        says(
            "The interpreter that has the module, and grpcio; the fleet's by default.",
            "the path of an interpreter or of a virtual environment",
        ),
    ] = UNSET
    cwd: Annotated[
        Text | UnsetType | None,
        says("The folder in which it runs; that of the file by default.", "the path of a folder"),
    ] = UNSET
    env: Annotated[
        EnvMap | list[Text] | UnsetType | None,
        says("Environment variables, as those of a location.", "a map of names to values"),
    ] = UNSET
    memory: Annotated[
        Size | UnsetType | None, says("Memory of its own beyond which the process is ended.", SIZE)
    ] = UNSET
    idle_timeout: Annotated[
        Span | UnsetType | None, says("How long it stays without a call; 10m by default.", SPAN)
    ] = UNSET
    start_timeout: Annotated[
        Span | UnsetType | None, says("How long importing the module may take; 3m by default.", SPAN)
    ] = UNSET
    at_once: Annotated[
        Annotated[int, Meta(ge=1)] | UnsetType | None,
        says("How many calls run at the same time, as threads; 4 by default.", "a whole number from 1"),
    ] = UNSET
    waiting: Annotated[
        Annotated[int, Meta(ge=0)] | UnsetType | None,
        says(
            "How many more calls may wait; beyond that one is told to come again. 64 by default.",
            "a whole number from 0",
        ),
    ] = UNSET
    address: Annotated[
        Text | UnsetType,
        says("A server that somebody else runs, in place of module and expose.", "such as postal:4000"),
    ] = UNSET
    image: Annotated[
        Text | UnsetType | None,
        says("The image that has the module, and grpcio: `reef render` takes it for its pods.", "an image"),
    ] = UNSET
    replicas: Annotated[
        ReplicaSettings | UnsetType | None,
        says("How many pods it has on Kubernetes; 1 by default.", "a map such as {min: 1, max: 4}"),
    ] = UNSET


class ReefTable(Struct, forbid_unknown_fields=True, kw_only=True):
    """`[tool.reef]` of a pyproject.toml."""

    budgets: Annotated[
        DoctorBudgets | UnsetType | None,
        says("As `budgets` of a reef.yaml.", "a table with memory, load_time, threads and locations"),
    ] = UNSET
    doctor: Annotated[
        DoctorSettings | UnsetType | None,
        says("As `doctor` of a reef.yaml.", "a table with memory and time"),
    ] = UNSET


class ReefFile(Struct, forbid_unknown_fields=True, kw_only=True):
    """A fleet of Dagster code locations."""

    locations: Annotated[
        dict[str, LocationSettings],
        says(
            "The code locations by name. Schedules, sensors and history in Dagster hang on the names.",
            "a map of location names to their settings",
        ),
    ]
    defaults: Annotated[
        Settings | UnsetType | None,
        says("Settings for all locations that do not have their own.", "a map of settings"),
    ] = UNSET
    python: Annotated[
        Text | UnsetType | None,
        says(
            "The interpreter for the webserver, the daemon and all locations that name none.",
            "the path of an interpreter or of a virtual environment",
        ),
    ] = UNSET
    memory_budget: Annotated[
        Size | UnsetType | None,
        says(
            "The most memory for all code servers together; beyond it the least recently used one is ended.",
            SIZE,
        ),
    ] = UNSET
    max_simultaneous_wakes: Annotated[
        Annotated[int, Meta(ge=1)] | UnsetType | None,
        says(
            "How many locations may start at once; from the processors by default.", "a whole number from 1"
        ),
    ] = UNSET
    promote: Annotated[
        Literal["on_change", "on_deploy"] | UnsetType | None,
        says(
            "on_change: changed code is served as soon as a wake, a reload or a start finds it and it loads. "
            "on_deploy: only `reef deploy` and `reef reload` bring new code.",
            "on_change or on_deploy",
        ),
    ] = UNSET
    history: Annotated[
        bool | Literal["off"] | HistorySettings | UnsetType | None,
        says(
            "What is kept on disk of what locations used: memory, processor time, calls. 30 days by default.",
            "off, or a map such as {days: 30, size: 50Mi}",
        ),
    ] = UNSET
    deploy: Annotated[
        DeploySettings | UnsetType | None,
        says(
            "How `reef deploy` goes about it: waves, and the time that each is watched.",
            "a map of settings, such as {waves: [1, 10, 100%], soak: 2m}",
        ),
    ] = UNSET
    budgets: Annotated[
        DoctorBudgets | UnsetType | None,
        says(
            "What loading a location may cost at most: `reef doctor --check` ends with status 1 beyond it.",
            "a map of settings, such as {memory: 200Mi, load_time: 5s, threads: 4}",
        ),
    ] = UNSET
    doctor: Annotated[
        DoctorSettings | UnsetType | None,
        says(
            "From which cost of a statement on `reef doctor` says something.",
            "a map of settings, such as {memory: 20Mi, time: 1s}",
        ),
    ] = UNSET
    services: Annotated[
        dict[str, ServiceSettings] | UnsetType | None,
        says(
            "Libraries that several locations call in one process, by name.",
            "a map of names to settings, such as {postal: {module: postal.parser, expose: [parse_address]}}",
        ),
    ] = UNSET
