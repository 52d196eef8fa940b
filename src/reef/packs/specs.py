"""From a pack's location to what the rooms below know of a location."""

from __future__ import annotations

import hashlib

import msgspec

from reef.fleet.model import Location
from reef.hosting.contract import Purpose
from reef.peers.messages import PackLocation
from reef.records.served import ServedRecord, server_id

LAZY = "--lazy-load-user-code"  # a load error is then told as Dagster tells it


def as_location(location: PackLocation) -> Location:
    """What decides about its server; how one is started is asked of the ground."""
    return Location(
        name=location.name,
        placement="standing" if location.warm else "packed",
        python=location.python or "",
        owner=location.owner,
        memory_limit_bytes=location.memory_limit_bytes,
        idle_timeout_s=location.idle_timeout_s,
        load_timeout_s=location.load_timeout_s,
    )


def running_version(location: PackLocation) -> str:
    """Of a server: another one means that a server of this one must not go on."""
    started_with = (
        location.container,
        location.grpc_args,
        location.python,
        location.working_directory,
        sorted(location.env.items()),
    )
    digest = hashlib.sha256(msgspec.json.encode(started_with)).hexdigest()
    return f"{location.version}.{digest[:12]}"


def served_record(location: PackLocation) -> ServedRecord:
    """What its servers hold. Its snapshot is known to the gateways alone."""
    version = running_version(location)
    return ServedRecord(location.name, version, server_id(location.version, None, None), None)


def gone_record(name: str) -> ServedRecord:
    """Of a location that has left: no server is of this version."""
    return ServedRecord(name, "", "", None)


def grpc_args(location: PackLocation, purpose: Purpose) -> tuple[str, ...]:
    """Of `dagster api grpc`, without the address."""
    if purpose == "probe" and LAZY not in location.grpc_args:
        return (*location.grpc_args, LAZY)
    return location.grpc_args
