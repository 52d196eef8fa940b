"""A pack's configuration as JSON, as its ConfigMap and its host's own folder hold it."""

from __future__ import annotations

import math
import re
from collections import Counter

import msgspec
from msgspec.structs import replace

from reef.peers.messages import PackConfig, PackLocation

NEVER_S = 1e300  # JSON has no infinity
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def to_json(config: PackConfig) -> bytes:
    return msgspec.json.encode(replace(config, locations=tuple(map(_finite, config.locations))))


def _finite(location: PackLocation) -> PackLocation:
    if location.idle_timeout_s is not None and math.isinf(location.idle_timeout_s):
        return replace(location, idle_timeout_s=NEVER_S)
    return location


def from_json(content: bytes) -> PackConfig:
    """Raises ValueError with what is wrong, for people."""
    config = msgspec.json.decode(content, type=PackConfig)
    if (wrong := fault_of(config)) is not None:
        raise ValueError(wrong)
    return config


def fault_of(config: PackConfig) -> str | None:
    """What a host could not serve. Containers' names are names of folders, too."""
    for number, location in enumerate(config.locations):
        if not _DNS_LABEL.fullmatch(location.container):
            return f"locations[{number}].container = {location.container!r}, must be the name of a container"
    names = Counter(location.name for location in config.locations)
    twice = sorted(name for name, times in names.items() if times > 1)
    return f"location {twice[0]!r} is there twice" if twice else None
