"""What `reef.yaml` may say: one set of models for reading it, for its JSON schema and for its reference page."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from reef.fleet.sections import DeploySettings, DoctorBudgets, DoctorSettings, HistorySettings
from reef.fleet.service_settings import ServiceSettings
from reef.fleet.shared import SIZE, Code, EnvMap, Server, Shared, Size, Text, TextList, says


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
