"""What locations inherit from the environment of the host that serves them, where it decides which code they run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reef.fleet.model import Fleet, Location


def inheriting(fleet: Fleet, environ: Mapping[str, str]) -> Fleet:
    """The host's own PYTHONPATH counts as a setting of each location that sets none: modules are found there, so it
    is part of the version, its folders are source, and what it hides is not preloaded."""
    path = environ.get("PYTHONPATH")
    if not path:
        return fleet

    def one(spec: Location) -> Location:
        if spec.code is None or "PYTHONPATH" in spec.env:
            return spec
        return replace(spec, env={**spec.env, "PYTHONPATH": path})

    return replace(fleet, locations=tuple(map(one, fleet.locations)))
