"""What `reef.yaml` may say: one set of models for reading it, for its JSON schema and for its reference page.

`must_be` in a field's extra ends the sentence "NAME = VALUE, must be ...".
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from reef.fleet.units import IDLE_PATTERN, REVALIDATE_PATTERN, SIZE_PATTERN, SPAN_PATTERN

WAVE_PATTERN = r"^[0-9]+(\.[0-9]+)?%$|^[1-9][0-9]*$"


def _says(description: str, must_be: str) -> Meta:
    return Meta(description=description, extra={"must_be": must_be})


Size = Annotated[str, Meta(pattern=SIZE_PATTERN)] | Annotated[int, Meta(ge=1)]
Span = Annotated[str, Meta(pattern=SPAN_PATTERN)]
IdleSpan = Annotated[str, Meta(pattern=IDLE_PATTERN)]
SoakSpan = Annotated[str, Meta(pattern=rf"^0$|{SPAN_PATTERN}")] | Annotated[int, Meta(ge=0, le=0)]
Revalidation = Annotated[str, Meta(pattern=REVALIDATE_PATTERN)]
Text = Annotated[str, Meta(min_length=1)]
TextList = Annotated[list[Text], Meta(min_length=1)]
Wave = Annotated[str, Meta(pattern=WAVE_PATTERN)] | Annotated[int, Meta(ge=1)]
EnvMap = dict[str, str | int | float | bool | None]

SIZE = "a size such as 512Mi, 1Gi or 500M"
SPAN = "a time such as 30s, 10m or 1h30m"


class Code(Struct, forbid_unknown_fields=True, kw_only=True):
    """What the code server loads; exactly one of the first four."""

    python_file: Annotated[
        Text | UnsetType,
        _says("A Python file, relative to reef.yaml.", "the path of a Python file"),
    ] = UNSET
    module: Annotated[
        Text | UnsetType,
        _says("A module, as `import` names it.", "the name of a module, such as sales.definitions"),
    ] = UNSET
    package: Annotated[
        Text | UnsetType,
        _says("A package, as `import` names it.", "the name of a package, such as sales"),
    ] = UNSET
    autoload_defs_module: Annotated[
        Text | UnsetType,
        _says(
            "A module below which Dagster finds definitions by itself.",
            "the name of a module, such as sales.defs",
        ),
    ] = UNSET
    attribute: Annotated[
        Text | UnsetType,
        _says(
            "The variable or function in it to load; without it Dagster searches.",
            "the name of a variable or function",
        ),
    ] = UNSET


class Server(Struct, forbid_unknown_fields=True, kw_only=True):
    """Where somebody else's code server listens; `port` or `socket`."""

    host: Annotated[Text | UnsetType, _says("Host name; `localhost` by default.", "a host name")] = UNSET
    port: Annotated[
        Annotated[int, Meta(ge=1, le=65535)] | UnsetType,
        _says("TCP port.", "a port from 1 to 65535"),
    ] = UNSET
    socket: Annotated[
        Text | UnsetType,
        _says("Unix socket, relative to reef.yaml.", "the path of a unix socket"),
    ] = UNSET
    ssl: Annotated[bool | UnsetType, _says("Whether it speaks TLS.", "true or false")] = UNSET


class Settings(Struct, forbid_unknown_fields=True, kw_only=True):
    """What every location can have, and `defaults` can have for all of them. null takes a default back."""

    owner: Annotated[
        Text | UnsetType | None, _says("Who to ask: a team or a person.", "a name, such as team-sales")
    ] = UNSET
    python: Annotated[
        Text | UnsetType | None,
        _says(
            "The interpreter that loads the code: a path relative to reef.yaml, a virtual environment's "
            "folder, or a command on PATH.",
            "the path of an interpreter or of a virtual environment",
        ),
    ] = UNSET
    working_directory: Annotated[
        Text | UnsetType | None,
        _says(
            "A folder put on sys.path while the code is loaded, relative to reef.yaml; `cwd` by default.",
            "the path of a folder",
        ),
    ] = UNSET
    cwd: Annotated[
        Text | UnsetType | None,
        _says(
            "The working directory of the process, relative to reef.yaml; the folder of reef.yaml by default.",
            "the path of a folder",
        ),
    ] = UNSET
    env: Annotated[
        EnvMap | list[Text] | UnsetType | None,
        _says(
            "Environment variables: a map, or a list of NAME=VALUE. NAME alone, or null in a map, takes the "
            "value that Reef itself was started with.",
            "a map of names to values, or a list of NAME=VALUE",
        ),
    ] = UNSET
    env_file: Annotated[
        Text | TextList | UnsetType | None,
        _says(
            "One or many files of NAME=VALUE lines, relative to reef.yaml. `env` wins over them, a later file "
            "over an earlier one.",
            "the path of a file, or a list of them",
        ),
    ] = UNSET
    memory_limit: Annotated[
        Size | UnsetType | None,
        _says("The most memory that its code server may have of its own.", SIZE),
    ] = UNSET
    idle_timeout: Annotated[
        IdleSpan | UnsetType | None,
        _says(
            "How long without calls until its process is ended; `never` keeps it. Without it Reef decides "
            "from what the location costs.",
            f"{SPAN}, or never",
        ),
    ] = UNSET
    placement: Annotated[
        Literal["packed", "standing", "external"] | UnsetType | None,
        _says(
            "packed: a process that is there only while it is needed. standing: a process that always runs. "
            "external: a server that somebody else runs.",
            "packed, standing or external",
        ),
    ] = UNSET
    max_concurrent_calls: Annotated[
        Annotated[int, Meta(ge=1)] | UnsetType | None,
        _says("How many calls its code server gets at once; more wait.", "a whole number from 1"),
    ] = UNSET
    load_timeout: Annotated[
        Span | UnsetType | None,
        _says("How long its code may take to load. Without it the Dagster instance says it.", SPAN),
    ] = UNSET
    on_load_error: Annotated[
        Literal["keep", "show"] | UnsetType | None,
        _says(
            "What is served when new code does not load after somebody pressed Reload: the version before it "
            "(keep), or the error (show).",
            "keep or show",
        ),
    ] = UNSET
    revalidate: Annotated[
        Revalidation | UnsetType | None,
        _says(
            "When definitions that change without a code change (they come from a database, an API, a clock) are "
            "looked at again: on_wake, every so often, or never. Without it: when somebody presses Reload.",
            "on_wake, never, or an interval from one second, such as every 10m",
        ),
    ] = UNSET
    container_image: Annotated[
        Text | UnsetType | None,
        _says("The image that Dagster's run launcher uses for its runs.", "the name of an image"),
    ] = UNSET
    container_context: Annotated[
        dict[str, Any] | UnsetType | None,
        _says("Dagster's container context, for its run launcher.", "a map, such as {k8s: {...}}"),
    ] = UNSET


class LocationSettings(Settings, forbid_unknown_fields=True, kw_only=True):
    """One code location."""

    code: Annotated[
        Text | Code | UnsetType,
        _says(
            "What to load. A word alone is a Python file where it ends in .py, else a module.",
            "a Python file, a module, or a map with one of python_file, module, package, autoload_defs_module",
        ),
    ] = UNSET
    server: Annotated[
        Server | UnsetType,
        _says(
            "The server of an external location.",
            "a map with port or socket, such as {host: sales, port: 4000}",
        ),
    ] = UNSET
    renamed_from: Annotated[
        Text | UnsetType,
        _says(
            "The name that it had before: the state of its schedules and sensors is carried over, once.",
            "the name that the location had before",
        ),
    ] = UNSET


class Deploy(Struct, forbid_unknown_fields=True, kw_only=True):
    """How `reef deploy` goes about it, where the command says nothing else."""

    waves: Annotated[
        Annotated[list[Wave], Meta(min_length=1)] | UnsetType | None,
        _says(
            "How many locations are deployed once each wave is over: numbers, or shares of the deploy. What is "
            "left is the last wave; without it everything is one wave.",
            "a list of numbers and percentages that grow, such as [1, 10, 100%]",
        ),
    ] = UNSET
    soak: Annotated[
        SoakSpan | UnsetType | None,
        _says(
            "How long a wave is watched before the next one; 0 by default.", "a time such as 30s or 2m, or 0"
        ),
    ] = UNSET
    order: Annotated[
        Literal["size", "owner"] | UnsetType | None,
        _says(
            "Who comes first. size: the locations with the fewest definitions. owner: the owners with the fewest "
            "locations, and all locations of an owner in one wave. size by default.",
            "size or owner",
        ),
    ] = UNSET
    canary: Annotated[
        Annotated[list[Text], Meta(min_length=1)] | UnsetType | None,
        _says(
            "Locations that are a wave of their own before all others.",
            "a list of names of locations",
        ),
    ] = UNSET
    rollback_on_halt: Annotated[
        bool | UnsetType | None,
        _says(
            "Whether a deploy that is halted takes back what it has promoted; false by default.",
            "true or false",
        ),
    ] = UNSET


class ReefFile(Struct, forbid_unknown_fields=True, kw_only=True):
    """A fleet of Dagster code locations."""

    locations: Annotated[
        dict[str, LocationSettings],
        _says(
            "The code locations by name. Schedules, sensors and history in Dagster hang on the names.",
            "a map of location names to their settings",
        ),
    ]
    defaults: Annotated[
        Settings | UnsetType | None,
        _says("Settings for all locations that do not have their own.", "a map of settings"),
    ] = UNSET
    python: Annotated[
        Text | UnsetType | None,
        _says(
            "The interpreter for the webserver, the daemon and all locations that name none.",
            "the path of an interpreter or of a virtual environment",
        ),
    ] = UNSET
    memory_budget: Annotated[
        Size | UnsetType | None,
        _says(
            "The most memory for all code servers together; beyond it the least recently used one is ended.",
            SIZE,
        ),
    ] = UNSET
    max_simultaneous_wakes: Annotated[
        Annotated[int, Meta(ge=1)] | UnsetType | None,
        _says(
            "How many locations may start at once; from the processors by default.", "a whole number from 1"
        ),
    ] = UNSET
    promote: Annotated[
        Literal["on_change", "on_deploy"] | UnsetType | None,
        _says(
            "on_change: changed code is served as soon as a wake, a reload or a start finds it and it loads. "
            "on_deploy: only `reef deploy` and `reef reload` bring new code.",
            "on_change or on_deploy",
        ),
    ] = UNSET
    deploy: Annotated[
        Deploy | UnsetType | None,
        _says(
            "How `reef deploy` goes about it: waves, and the time that each is watched.",
            "a map of settings, such as {waves: [1, 10, 100%], soak: 2m}",
        ),
    ] = UNSET
