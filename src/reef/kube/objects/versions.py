"""What makes a new version of a location, and the location as a version fixes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import msgspec

from reef.kube.asked import document
from reef.kube.model import CodeLocation, Spec
from reef.kube.objects.meta import digest

# What counts from now on, whichever version is served. All other fields belong to the version.
LIVE = frozenset(
    {
        *("location_name", "owner", "renamed_from", "placement", "replicas", "port", "server", "service"),
        *(
            "memory_limit",
            "idle_timeout",
            "max_concurrent_calls",
            "load_timeout",
            "on_load_error",
            "revalidate",
        ),
        *("imagePullPolicy", "helm"),
    }
)
Kind = Literal["Secret", "ConfigMap"]


@dataclass(frozen=True, order=True)
class ConfigReference:
    """A Secret or ConfigMap of the location's namespace that its containers read. `key` is None for all of it."""

    kind: Kind
    name: str
    optional: bool = False
    key: str | None = None


def references(location: CodeLocation) -> tuple[ConfigReference, ...]:
    """All that its server reads, each once. Pull secrets are not among them: they change nothing that runs."""
    found: set[ConfigReference] = set()
    whole = document(location)
    containers = [whole["container"], *whole["pod"].get("initContainers", ())]
    for each in (*containers, *whole["pod"].get("containers", ())):
        found.update(_of_container(each))
    for volume in whole["pod"].get("volumes", ()):
        found.update(_of_volume(volume))
    instance = location.spec.instance or None
    if instance and instance.postgresqlSecret:
        found.add(
            ConfigReference("Secret", instance.postgresqlSecret.name, key=instance.postgresqlSecret.key)
        )
    if instance and instance.celeryConfigSecret:
        found.add(ConfigReference("Secret", instance.celeryConfigSecret, optional=True))
    return tuple(sorted(found, key=lambda each: (each.kind, each.name, each.optional, each.key or "")))


def settings_digest(location: CodeLocation, hashes: Mapping[tuple[Kind, str], str]) -> str:
    """Of all that makes a version besides its image.

    `hashes` has a digest of the data of each Secret and ConfigMap that `references` names, by kind and name; one that
    does not exist is left out, and counts as such.
    """
    named = {(each.kind, each.name) for each in references(location)}
    read = [[kind, name, hashes.get((kind, name))] for kind, name in sorted(named)]
    return digest([recorded(location), read])


def version(image: str, settings: str) -> str:
    """Of an image as it is asked for, and `settings_digest`: 16 characters that a label can have."""
    return digest([image, settings])


def recorded(location: CodeLocation) -> dict[str, Any]:
    """The fields that a version fixes, but for the image: what is written down with it, plain data."""
    plain = cast("dict[str, Any]", msgspec.to_builtins(location.spec))
    return {name: value for name, value in plain.items() if name not in LIVE and name != "image"}


def as_released(location: CodeLocation, record: Mapping[str, Any]) -> CodeLocation:
    """The location with the fields of a version that was `recorded`, and the others as they are now.

    Raises msgspec.ValidationError for a record that no model fits.
    """
    plain = cast("dict[str, Any]", msgspec.to_builtins(location.spec))
    live = {name: value for name, value in plain.items() if name in LIVE or name == "image"}
    return replace(location, spec=msgspec.convert({**record, **live}, Spec))


def pinned(image: str, image_id: str) -> str:
    """An image with the digest that a container's status told (`imageID`).

    A node that got an image from an archive tells no digest by which another node could pull it; then the image stays
    as it was asked for.
    """
    _, at, found = image_id.partition("@sha256:")
    if not at or "@" in image:
        return image
    return f"{image}@sha256:{found}"


def _of_container(container: Mapping[str, Any]) -> set[ConfigReference]:
    found: set[ConfigReference] = set()
    for each in container.get("envFrom") or ():
        found.update(_named(each.get("secretRef"), "Secret"))
        found.update(_named(each.get("configMapRef"), "ConfigMap"))
    for each in container.get("env") or ():
        source = each.get("valueFrom") or {}
        found.update(_named(source.get("secretKeyRef"), "Secret"))
        found.update(_named(source.get("configMapKeyRef"), "ConfigMap"))
    return found


def _of_volume(volume: Mapping[str, Any]) -> set[ConfigReference]:
    found: set[ConfigReference] = set()
    sources = [volume, *((volume.get("projected") or {}).get("sources") or ())]
    for each in sources:
        secret = each.get("secret") or {}
        found.update(_named({"name": secret.get("secretName"), **secret}, "Secret"))
        found.update(_named(each.get("configMap"), "ConfigMap"))
    return found


def _named(source: Mapping[str, Any] | None, kind: Kind) -> set[ConfigReference]:
    if not source or not source.get("name"):
        return set()
    return {ConfigReference(kind, str(source["name"]), bool(source.get("optional")), source.get("key"))}
