"""Sections of `reef.yaml` about the fleet as a whole: how it deploys, what it keeps of usage, what loads may cost."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from reef.fleet.shared import SIZE, SPAN, Size, Span, Text, says
from reef.fleet.units import SPAN_PATTERN

WAVE_PATTERN = r"^[0-9]+(\.[0-9]+)?%$|^[1-9][0-9]*$"

SoakSpan = Annotated[str, Meta(pattern=rf"^0$|{SPAN_PATTERN}")] | Annotated[int, Meta(ge=0, le=0)]
Wave = Annotated[str, Meta(pattern=WAVE_PATTERN)] | Annotated[int, Meta(ge=1)]


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
