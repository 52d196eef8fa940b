"""What the cluster tells, into the directory; and the directory onto the disk and back."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from reef.gateways.contract import Change, Changed, Cluster, Gone, Kind, ListedLocation
from reef.gateways.directory import Directory, Known
from reef.statedir import write_atomic
from reef.words import classed, describe

log = logging.getLogger("reef.gateways")

WRITE_EVERY_S = 1.0
AGAIN_S = 2.0


class Follower:
    """Three tasks of one gateway: `locations`, `pods` and `keep`. None of them ends by itself."""

    def __init__(self, cluster: Cluster, directory: Directory, file: Path) -> None:
        self._cluster = cluster
        self._directory = directory
        self._file = file
        self._written = Known()

    def read(self) -> None:
        """Blocks: what an earlier process wrote down."""
        try:
            self._written = msgspec.json.decode(self._file.read_bytes(), type=Known)
        except FileNotFoundError:
            return
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            log.warning("%s cannot be used: %s", self._file.name, describe(error))

    def recall(self) -> None:
        """What was read is known."""
        self._directory.recall(self._written)

    async def locations(self) -> None:
        async for change in self._all("codelocations"):
            match change:
                case ListedLocation(objects):
                    self._directory.locations_listed(objects, time.monotonic())
                case Changed(thing):
                    self._directory.location(thing)
                case Gone(name):
                    self._directory.location_gone(name, time.monotonic())

    async def pods(self) -> None:
        async for change in self._all("pods"):
            match change:
                case ListedLocation(objects):
                    self._directory.pods_listed(objects)
                case Changed(thing):
                    self._directory.pod(thing)
                case Gone(name):
                    self._directory.pod_gone(name)

    async def _all(self, kind: Kind) -> AsyncIterator[Change]:
        """Whatever goes wrong in following, a gateway goes on with what it knows."""
        while True:
            try:
                async for change in self._cluster.follow(kind):
                    yield change
            except Exception as error:
                log.warning("following %s failed, again in %g s: %s", kind, AGAIN_S, classed(error))
            await asyncio.sleep(AGAIN_S)

    async def keep(self) -> None:
        """Forget what is gone for good, and write down what is known."""
        while True:
            await asyncio.sleep(WRITE_EVERY_S)
            for name in self._directory.forget(time.monotonic()):
                log.info("%s: its CodeLocation is gone", name)
            await self.write()

    async def write(self) -> None:
        known = self._directory.known()
        if known == self._written:
            return
        try:
            data = msgspec.json.encode(known)
            await asyncio.to_thread(write_atomic, self._file, data, lasting=False)
            self._written = known
        except OSError as error:
            log.warning("what is known of the cluster cannot be written down: %s", describe(error))
