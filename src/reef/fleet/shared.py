"""The settings of a location that mean the same in `reef.yaml` and on Kubernetes: one set of models for both.

`must_be` in a field's extra ends the sentence "NAME = VALUE, must be ...".
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from reef.fleet.units import IDLE_PATTERN, REVALIDATE_PATTERN, SIZE_PATTERN, SPAN_PATTERN


def says(description: str, must_be: str) -> Meta:
    return Meta(description=description, extra={"must_be": must_be})


Size = Annotated[str, Meta(pattern=SIZE_PATTERN)] | Annotated[int, Meta(ge=1)]
Span = Annotated[str, Meta(pattern=SPAN_PATTERN)]
IdleSpan = Annotated[str, Meta(pattern=IDLE_PATTERN)]
Revalidation = Annotated[str, Meta(pattern=REVALIDATE_PATTERN)]
Text = Annotated[str, Meta(min_length=1)]
TextList = Annotated[list[Text], Meta(min_length=1)]
EnvMap = dict[str, str | int | float | bool | None]

SIZE = "a size such as 512Mi, 1Gi or 500M"
SPAN = "a time such as 30s, 10m or 1h30m"


class Code(Struct, forbid_unknown_fields=True, kw_only=True):
    """What the code server loads; exactly one of the first four."""

    python_file: Annotated[
        Text | UnsetType,
        says("A Python file, relative to reef.yaml.", "the path of a Python file"),
    ] = UNSET
    module: Annotated[
        Text | UnsetType,
        says("A module, as `import` names it.", "the name of a module, such as sales.definitions"),
    ] = UNSET
    package: Annotated[
        Text | UnsetType,
        says("A package, as `import` names it.", "the name of a package, such as sales"),
    ] = UNSET
    autoload_defs_module: Annotated[
        Text | UnsetType,
        says(
            "A module below which Dagster finds definitions by itself.",
            "the name of a module, such as sales.defs",
        ),
    ] = UNSET
    attribute: Annotated[
        Text | UnsetType,
        says(
            "The variable or function in it to load; without it Dagster searches.",
            "the name of a variable or function",
        ),
    ] = UNSET


class Server(Struct, forbid_unknown_fields=True, kw_only=True):
    """Where somebody else's code server listens; `port` or `socket`."""

    host: Annotated[Text | UnsetType, says("Host name; `localhost` by default.", "a host name")] = UNSET
    port: Annotated[
        Annotated[int, Meta(ge=1, le=65535)] | UnsetType,
        says("TCP port.", "a port from 1 to 65535"),
    ] = UNSET
    socket: Annotated[
        Text | UnsetType,
        says("Unix socket, relative to reef.yaml.", "the path of a unix socket"),
    ] = UNSET
    ssl: Annotated[bool | UnsetType, says("Whether it speaks TLS.", "true or false")] = UNSET


class Shared(Struct, forbid_unknown_fields=True, kw_only=True):
    """What a location can say of itself wherever it runs. null takes a default back."""

    owner: Annotated[
        Text | UnsetType | None, says("Who to ask: a team or a person.", "a name, such as team-sales")
    ] = UNSET
    python: Annotated[
        Text | UnsetType | None,
        says(
            "The interpreter that loads the code: a path relative to reef.yaml, a virtual environment's "
            "folder, or a command on PATH.",
            "the path of an interpreter or of a virtual environment",
        ),
    ] = UNSET
    working_directory: Annotated[
        Text | UnsetType | None,
        says(
            "A folder put on sys.path while the code is loaded, relative to reef.yaml; `cwd` by default.",
            "the path of a folder",
        ),
    ] = UNSET
    cwd: Annotated[
        Text | UnsetType | None,
        says(
            "The working directory of the process, relative to reef.yaml; the folder of reef.yaml by default.",
            "the path of a folder",
        ),
    ] = UNSET
    memory_limit: Annotated[
        Size | UnsetType | None,
        says("The most memory that its code server may have of its own.", SIZE),
    ] = UNSET
    idle_timeout: Annotated[
        IdleSpan | UnsetType | None,
        says(
            "How long without calls until its process is ended; `never` keeps it. Without it Reef decides "
            "from what the location costs.",
            f"{SPAN}, or never",
        ),
    ] = UNSET
    max_concurrent_calls: Annotated[
        Annotated[int, Meta(ge=1)] | UnsetType | None,
        says("How many calls its code server gets at once; more wait.", "a whole number from 1"),
    ] = UNSET
    load_timeout: Annotated[
        Span | UnsetType | None,
        says("How long its code may take to load. Without it the Dagster instance says it.", SPAN),
    ] = UNSET
    on_load_error: Annotated[
        Literal["keep", "show"] | UnsetType | None,
        says(
            "What is served when new code does not load after somebody pressed Reload: the version before it "
            "(keep), or the error (show).",
            "keep or show",
        ),
    ] = UNSET
    revalidate: Annotated[
        Revalidation | UnsetType | None,
        says(
            "When definitions that change without a code change (they come from a database, an API, a clock) are "
            "looked at again: on_wake, every so often, or never. Without it: when somebody presses Reload.",
            "on_wake, never, or an interval from one second, such as every 10m",
        ),
    ] = UNSET
    container_context: Annotated[
        dict[str, Any] | UnsetType | None,
        says("Dagster's container context, for its run launcher.", "a map, such as {k8s: {...}}"),
    ] = UNSET
