"""External and standing servers have server ids of their own: when one changes, its answers are recorded again."""

from __future__ import annotations

import asyncio
import hashlib
import logging

import grpc

from reef.events import Events, Reached, Unreachable
from reef.locations.place import CodeLocation
from reef.records.served import ServedRecord
from reef.releasing.probing import Prober
from reef.snapshots.record import RecordingFailed, record
from reef.versions.contract import Stamp
from reef.wire.client import get_server_id
from reef.words import because, describe

log = logging.getLogger("reef.control")

POLL_S = 2.0
ASK_TIMEOUT_S = 2.0
RECORD_TIMEOUT_S = 60.0


class Poller:
    """Asks each such server who it is, as Dagster itself would."""

    def __init__(self, prober: Prober, events: Events) -> None:
        self._prober = prober
        self._events = events

    async def run(self, place: CodeLocation) -> None:
        """Ends only when it is cancelled."""
        while True:
            try:
                await self.turn(place)
            except Exception:
                log.exception("%s: a poll failed", place.name)
            await asyncio.sleep(POLL_S)

    async def turn(self, place: CodeLocation) -> None:
        endpoint = place.endpoint
        if endpoint is None:
            return
        try:
            found = await get_server_id(endpoint.target, timeout_s=ASK_TIMEOUT_S, ssl=endpoint.ssl)
        except grpc.aio.AioRpcError as error:
            await self._unreachable(
                place, because(f"{endpoint.target}: {error.code().name}", error.details())
            )
            return
        if found == place.release.real_server_id:
            return
        first_of_child = place.release.real_server_id is None and place.external is None
        same = place.served is not None and place.served.version == _version(found)
        if not first_of_child and not same:
            await self._record(place, endpoint.target, endpoint.ssl, found)
        place.release.meet(found)
        self._events.emit(Reached(place.name))

    async def _record(self, place: CodeLocation, target: str, ssl: bool, found: str) -> None:
        try:
            recording = await record(target, RECORD_TIMEOUT_S, ssl=ssl)
        except RecordingFailed as failure:
            await self._unreachable(place, f"{target}: {describe(failure)}")
            return
        before: ServedRecord | None = place.served
        stamp = Stamp(_version(found), "", "", {})
        if place.external is None and before is not None:
            stamp = Stamp(before.version, before.environment, before.settings, before.sources)
        await self._prober.serve_recording(place, stamp, recording)

    async def _unreachable(self, place: CodeLocation, reason: str) -> None:
        """The last good answers stay; where there are none yet, Dagster is told why."""
        text = f"its server cannot be reached: {reason}"
        place.release.meet(None)
        self._events.emit(Unreachable(place.name, text))
        if place.served is None:
            await self._prober.serve_error(place, "unreachable", text)


def _version(server_id: str) -> str:
    return "external-" + hashlib.sha256(server_id.encode()).hexdigest()
