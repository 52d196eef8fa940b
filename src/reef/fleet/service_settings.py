"""What `services` of `reef.yaml` may say of one shared service."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from reef.fleet.shared import SIZE, SPAN, EnvMap, Size, Span, Text, TextList, says


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
