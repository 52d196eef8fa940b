"""Locations that wait for their wave stay at what they serve, whoever wakes them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from reef.locations.place import CodeLocation
from reef.records.journal import Journal
from reef.releasing.pins import Pins


def serves(place: CodeLocation) -> bool:
    """Whether there is something to stay at."""
    return place.external is None and place.release.loads_what_is_served


class Waiting:
    """The pins of one deploy's locations that wait for their wave. Each of its acts can be done again."""

    def __init__(self, pins: Pins, places: Mapping[str, CodeLocation], journal: Journal) -> None:
        self._pins = pins
        self._places = places
        self._journal = journal

    async def pin_all(self) -> dict[str, str]:
        """Location -> why it could not be pinned."""
        names = [name for name in self._journal.standing().not_reached if self._can(name)]
        return await self._pin({name: self._waits(name) for name in names})

    def _waits(self, name: str) -> str:
        return f"waits for wave {self._journal.wave_of(name) + 1} of deploy {self._journal.id}"

    def _can(self, name: str) -> bool:
        return name in self._places and serves(self._places[name])

    async def _pin(self, whys: Mapping[str, str]) -> dict[str, str]:
        places = [self._places[name] for name in whys]
        found = await asyncio.gather(*(self._pins.pin(place, whys[place.name]) for place in places))
        return {place.name: reason for place, reason in zip(places, found, strict=True) if reason is not None}

    async def stay(self, names: Iterable[str]) -> None:
        """After a halt: nobody promotes them but a deploy or a reload of theirs."""
        why = f"deploy {self._journal.id} was halted before its turn"
        await self._pin({name: why for name in names if self._can(name)})

    async def let_go(self, names: Iterable[str]) -> None:
        """After the deploy was abandoned: as they were before it."""
        for name in names:
            if not self._can(name):
                continue
            if (why := self._journal.pinned_before.get(name)) is not None:
                await self._pins.pin(self._places[name], why)
            else:
                await self._pins.unpin(self._places[name])
