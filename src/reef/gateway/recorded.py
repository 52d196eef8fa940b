"""The recorded lane: read-only calls answered from the location snapshot, with no process touched."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable
from concurrent.futures import Executor

from reef.gateway.served import Answers
from reef.snapshots import SnapshotReader, SnapshotStore
from reef.wire import messages
from reef.words import describe

log = logging.getLogger("reef.gateway")

Ask = Callable[[SnapshotReader], bytes | None]


def question(method: str, request: bytes) -> tuple[Hashable, Ask]:
    """What a request asks of a snapshot, with a key for it; raises WireError for a request that is none."""
    if method == "ListRepositories":
        return method, SnapshotReader.listed
    if method == "GetCurrentImage":
        return method, SnapshotReader.image
    if method == "ExternalJob":
        job = messages.job_asked(request)
        return ("job", job.repository, job.job), lambda snapshot: snapshot.job(job.repository, job.job)
    asked = messages.repository_asked(request)
    return (
        ("repository", asked.repository, asked.deferred),
        lambda snapshot: snapshot.repository(asked.repository, deferred=asked.deferred),
    )


class Recorded:
    """Reads in a thread what is not hot."""

    def __init__(self, store: SnapshotStore, executor: Executor) -> None:
        self._store = store
        self._executor = executor

    async def answer(self, answers: Answers, method: str, request: bytes) -> bytes | None:
        """The raw reply, None where it is not recorded (or is damaged). Raises WireError."""
        if method == "ListRepositories" and answers.listed_error is not None:
            return answers.listed_error
        digest = answers.served.snapshot
        if digest is None:
            return answers.without_snapshot(method)
        key, ask = question(method, request)
        hot = self._store.hot.get((digest, key))
        return hot if hot is not None else await self._read(digest, key, ask)

    async def _read(self, digest: str, key: Hashable, ask: Ask) -> bytes | None:
        loop = asyncio.get_running_loop()
        try:
            reply = await loop.run_in_executor(self._executor, self._store.read, digest, ask)
        except OSError as error:
            log.warning("location snapshot %s cannot be read: %s", digest[:12], describe(error))
            return None
        if reply is not None:
            self._store.hot.put((digest, key), reply)
        return reply

    async def lists_differ(self, old: Answers, new: Answers) -> bool:
        """Whether a client with one list would miss something of the other. An error is no list: who gets one
        asks nothing more."""
        if old.listed_error is not None or new.listed_error is not None:
            return False
        lists = [await self.answer(answers, "ListRepositories", b"") for answers in (old, new)]
        return None not in lists and lists[0] != lists[1]

    async def is_missing(self, digest: str) -> bool:
        loop = asyncio.get_running_loop()
        return not await loop.run_in_executor(self._executor, self._store.has, digest)
