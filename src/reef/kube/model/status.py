"""What the controller says of a CodeLocation. It changes with versions and conditions, not with sleep and wake."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from reef.fleet.shared import Text, says

CONDITIONS = ("Ready", "Reconciling", "Stalled", "Degraded")
MOST_HISTORY = 10


class Condition(Struct, forbid_unknown_fields=True, kw_only=True):
    """One aspect of its state, in Kubernetes' own form."""

    type: Annotated[
        Annotated[str, Meta(min_length=1, max_length=316)],
        says("Ready, Reconciling, Stalled or Degraded.", "a type"),
    ]
    status: Annotated[
        Literal["True", "False", "Unknown"], says("Whether it holds.", "True, False or Unknown")
    ]
    reason: Annotated[
        Annotated[str, Meta(min_length=1, max_length=1024)],
        says("Why, in one word for programs.", "a word"),
    ]
    message: Annotated[
        Annotated[str, Meta(max_length=32_768)], says("Why, in a sentence for people.", "a sentence")
    ]
    lastTransitionTime: Annotated[str, says("When `status` last changed.", "a time")]
    observedGeneration: Annotated[
        int | UnsetType, says("The generation of the object that it speaks of.", "a whole number")
    ] = UNSET


class ImageStatus(Struct, forbid_unknown_fields=True, kw_only=True):
    """What a tag has become."""

    requested: Annotated[str, says("The image as `spec` names it.", "the name of an image")]
    digest: Annotated[str, says("What it was when this version was probed.", "a digest")]


class PlacementStatus(Struct, forbid_unknown_fields=True, kw_only=True):
    """Where it runs, and why there."""

    chosen: Annotated[Text, says("packed, on_demand, standing or external.", "a placement")]
    reason: Annotated[str, says("Why this placement was chosen.", "a sentence")]


class ServingStatus(Struct, forbid_unknown_fields=True, kw_only=True):
    """Where gateways find its server. They read this, so that they need nothing else while the controller is away."""

    gatewayPort: Annotated[
        Annotated[int, Meta(ge=1, le=65535)],
        says("The port at which each gateway listens for it.", "a port from 1 to 65535"),
    ]
    pack: Annotated[
        str | UnsetType, says("The ReplicaSet of the pack that it is in, where it is packed.", "a name")
    ] = UNSET
    deployment: Annotated[
        str | UnsetType, says("Its own Deployment, where it is on_demand or standing.", "a name")
    ] = UNSET
    target: Annotated[
        str | UnsetType, says("HOST:PORT of somebody else's server, where it is external.", "an address")
    ] = UNSET


class Promotion(Struct, forbid_unknown_fields=True, kw_only=True):
    """One entry of its history."""

    at: Annotated[str, says("When it was promoted.", "a time")]
    version: Annotated[str, says("The version.", "a version")]
    image: Annotated[str, says("Its image, with the digest that was probed.", "the name of an image")]
    why: Annotated[str, says("Why it was promoted.", "a sentence")]
    kept: Annotated[bool, says("Whether `reef rollback` can bring it back.", "true or false")]


class Status(Struct, forbid_unknown_fields=True, kw_only=True):
    """What is true of it now."""

    observedGeneration: Annotated[
        int | UnsetType, says("The generation of the object that was last acted on.", "a whole number")
    ] = UNSET
    phase: Annotated[
        Literal["served", "under_way", "waiting", "refused", "conflict", "impossible", "paused"] | UnsetType,
        says(
            "What becomes of what it asks for. served: it is served. under_way: it is tried or promoted. waiting: for "
            "its wave. refused: it is not served, but an older version, or none. conflict: another object has its "
            "name. impossible: no placement keeps what it asks for. paused: nothing is done.",
            "a phase",
        ),
    ] = UNSET
    version: Annotated[str | UnsetType, says("The version that is served.", "a version")] = UNSET
    pinned: Annotated[
        str | UnsetType, says("The version that it was rolled back to, while it stays there.", "a version")
    ] = UNSET
    image: Annotated[ImageStatus | UnsetType, says("Its image.", "a map")] = UNSET
    placement: Annotated[PlacementStatus | UnsetType, says("Its placement.", "a map")] = UNSET
    serving: Annotated[ServingStatus | UnsetType, says("Where gateways find its server.", "a map")] = UNSET
    address: Annotated[str | UnsetType, says("HOST:PORT of its Service.", "an address")] = UNSET
    history: Annotated[
        Annotated[list[Promotion], Meta(max_length=MOST_HISTORY)] | UnsetType,
        says("The last versions that were promoted, newest first.", "a list"),
    ] = UNSET
    conditions: Annotated[
        Annotated[list[Condition], Meta(max_length=16)] | UnsetType,
        says(
            "Ready: a version is served. Reconciling: something is under way. Stalled: it cannot go on without "
            "you. Degraded: an older version is served than asked for.",
            "a list",
        ),
    ] = UNSET
