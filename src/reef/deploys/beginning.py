"""What a deploy is to do, before it begins: which locations, in which waves, and how everything stands."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from reef.decide.plan import Plan
from reef.decide.waves import WaveFacts, waves
from reef.deploys.waiting import serves
from reef.errors import ReefError
from reef.fleet.deploy_spec import asked
from reef.fleet.model import DeploySpec, Fleet
from reef.fleet.suggest import did_you_mean
from reef.locations.place import CodeLocation
from reef.records.journal import Journal


class Beginning:
    """`fleet` is the fleet as its file says now."""

    def __init__(self, places: Mapping[str, CodeLocation], fleet: Fleet) -> None:
        self._places = places
        self._fleet = fleet
        self._specs = {spec.name: spec for spec in fleet.locations}

    def journal(self, deploy: str, request: Mapping[str, Any], plan: Plan | None) -> Journal:
        """`plan` where only what changed is asked for. Raises ReefError."""
        names = self._chosen(request["locations"], plan)
        how = asked(
            self._fleet.deploy, request.get("waves"), request.get("soak"), request.get("rollback_on_halt")
        )
        places = {name: self._places[name] for name in names}
        now = time.monotonic()
        return Journal(
            id=deploy,
            waves=tuple(map(tuple, self.waves(names, how))),
            allow_removals=bool(request.get("allow_removals")),
            soak_s=how.soak_s,
            rollback_on_halt=how.rollback_on_halt,
            started_at=time.time(),
            before={name: place.served.version if place.served else None for name, place in places.items()},
            before_loaded=tuple(name for name, place in places.items() if serves(place)),
            pinned_before={name: why for name, why in self.pinned().items() if name in places},
            known={
                name: sorted(keys)
                for name, place in places.items()
                if (keys := place.serving.troubles.keys(now))
            },
        )

    def _chosen(self, wanted: Any, plan: Plan | None) -> list[str]:
        if plan is not None:
            return [one.location for one in plan.locations if one.touched and one.location in self._places]
        if wanted == "all":
            return [name for name in self._places if name in self._specs]
        for name in wanted:
            if name not in self._places:
                raise _unknown(name, self._specs, self._places)
        return list(dict.fromkeys(wanted))

    def waves(self, names: Iterable[str], how: DeploySpec) -> list[list[str]]:
        """No wave is empty."""
        return [list(wave) for wave in waves(map(self._facts, names), how)]

    def _facts(self, name: str) -> WaveFacts:
        place, spec = self._places.get(name), self._specs.get(name)
        owner = spec.owner if spec else None
        if place is None:
            return WaveFacts(name, owner)
        definitions = place.served.definitions if place.served else {}
        return WaveFacts(
            name, owner, sum(map(_count, definitions.values())), place.costs().private_bytes or 0
        )

    def pinned(self) -> dict[str, str]:
        """Location -> why it stays at what it serves."""
        whys = ((name, place.pinned) for name, place in self._places.items())
        return {name: why for name, why in whys if why is not None}

    def others(self) -> dict[str, list[str]]:
        """What the fleet's file has more and less than the running fleet."""
        return {
            "added": [name for name in self._specs if name not in self._places],
            "removed": [
                name
                for name, place in self._places.items()
                if name not in self._specs and not place.wish.leaving
            ],
        }


def _count(value: object) -> int:
    """Of definitions of one kind, as they are recorded: a number or a list."""
    if isinstance(value, int):
        return value
    return len(value) if isinstance(value, Sequence) and not isinstance(value, str) else 0


def _unknown(name: str, specs: Collection[str], places: Mapping[str, CodeLocation]) -> ReefError:
    if name in specs:
        return ReefError(
            f"code location {name!r} is new in the fleet's file",
            hint="it could not be taken in: see `reef status`",
        )
    return ReefError(f"no code location {name!r}", hint=did_you_mean(name, places))
