"""Recording: ask a live code server everything that a location snapshot answers later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import grpc
import grpc.aio

from reef.snapshots.definitions import ReadRepository, merged, read_repository
from reef.snapshots.model import LocationSnapshot, RecordedRepository
from reef.wire import messages, serdes
from reef.wire.client import RawClient
from reef.wire.fields import WireError
from reef.wire.limits import MessageLimits, message_limits
from reef.words import because, describe, seconds

MOST_TRIES = 3
DOING = {
    "ListRepositories": "loading its code",  # which a server that loads lazily does at the first question
    "ExternalRepository": "making its definitions",
    "StreamingExternalRepository": "making its definitions",
    "ExternalJob": "making its jobs",
}


_NOT_LOADED = "Code location {!r} could not be loaded: "


class RecordingFailed(Exception):
    """The code server did not answer, or not as a code server does; the text is for people."""


class RecordingLate(RecordingFailed):
    """It did not answer everything in time; `doing` says what it was at."""

    def __init__(self, doing: str, timeout_s: float) -> None:
        super().__init__(f"the code server was still {doing} after {seconds(timeout_s)}")
        self.doing = doing


@dataclass(frozen=True)
class Recording:
    """One of `snapshot` and `load_error` is set.

    `load_error` is a serialized SerializableErrorInfo (JSON), `load_error_text` the same for people.
    `repository_errors` are repositories that are recorded as the errors they are (name → text).
    `definitions` is `Definitions.as_dict()`; `server_id` what the server called itself.
    """

    snapshot: LocationSnapshot | None
    load_error: str | None = None
    load_error_text: str | None = None
    repository_errors: dict[str, str] = field(default_factory=dict)
    definitions: dict[str, object] = field(default_factory=dict)
    server_id: str | None = None
    defs_state: dict[str, str] = field(default_factory=dict)  # key → version that the load used


def synthesized_load_error(reason: str, name: str) -> Recording:
    """A load error in Dagster's form for code that never got as far as telling its own."""
    error = serdes.ErrorInfo(
        message=f"{_NOT_LOADED.format(name)}{reason}\n",
        cls_name="DagsterUserCodeLoadError",
    )
    return Recording(snapshot=None, load_error=serdes.error_json(error), load_error_text=reason)


def told_load_error(load_error: str, name: str) -> str:
    """The `load_error_text` of a recording of which only the `load_error` was kept."""
    try:
        text = serdes.read_error(load_error.encode()).text()
    except WireError:
        return "its load error cannot be read"
    return text.removeprefix(_NOT_LOADED.format(name))


async def record(
    target: str,
    timeout_s: float,
    *,
    ssl: bool = False,
    limits: MessageLimits | None = None,
    connect: Callable[..., RawClient] = RawClient,
) -> Recording:
    """Record the server at a gRPC target, all within `timeout_s`; raises RecordingFailed.

    Recorded anew if the server changed meanwhile. `connect` makes the client, as RawClient is made.
    """
    asked = [""]  # calls, the one that is under way last
    try:
        async with asyncio.timeout(timeout_s), connect(target, ssl=ssl) as client:
            recorder = _Recorder(client, timeout_s, limits or message_limits(), asked)
            for _ in range(MOST_TRIES):
                before = await recorder.server_id()
                recording = await recorder.recording(before)
                if await recorder.server_id() == before:
                    return recording
    except TimeoutError:
        raise RecordingLate(DOING.get(asked[-1], "answering"), timeout_s) from None
    except grpc.aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
            raise RecordingLate(DOING.get(asked[-1], "answering"), timeout_s) from None
        why = because(f"the code server failed: {error.code().name}", error.details())
        raise RecordingFailed(why) from None
    except WireError as error:
        raise RecordingFailed(
            f"the code server does not speak as a code server does: {describe(error)}"
        ) from None
    raise RecordingFailed("the code server changed each time while it was recorded")


class _Recorder:
    def __init__(self, client: RawClient, timeout_s: float, limits: MessageLimits, asked: list[str]) -> None:
        self._client = client
        self._asked = asked
        self._timeout_s = timeout_s
        self._limit = min(limits.send, limits.receive)

    async def server_id(self) -> str | None:
        reply = await self._optional("GetServerId")
        return None if reply is None else messages.server_id_of(reply)

    async def recording(self, server_id: str | None) -> Recording:
        reply = await self._call("ListRepositories")
        listed = messages.listed(reply)
        if listed.is_error:
            error = messages.reply_text(reply)
            return Recording(None, error.decode(), serdes.read_error(error).text(), server_id=server_id)
        if not listed.repositories:
            return empty_list(server_id)
        recorded = [await self._repository(name) for name in listed.repositories]
        snapshot = LocationSnapshot(
            reply, tuple(repository for repository, _ in recorded), await self._optional("GetCurrentImage")
        )
        definitions = merged((read.definitions for _, read in recorded), listed.dagster_version)
        return Recording(
            snapshot,
            repository_errors=dict(_repository_errors(snapshot)),
            definitions=definitions.as_dict(),
            server_id=server_id,
            defs_state={key: version for _, read in recorded for key, version in read.defs_state.items()},
        )

    async def _repository(self, name: str) -> tuple[RecordedRepository, ReadRepository]:
        reply = await self._with_jobs(name)
        if reply is None:
            return await self._without_jobs(name)
        read, at = await asyncio.to_thread(_read_reply, reply, name)
        spans = {job: (start + at, end + at) for job, (start, end) in read.jobs.items()}
        return RecordedRepository(name, reply, spans=spans, error=read.error), read

    async def _with_jobs(self, name: str) -> bytes | None:
        """The reply with job data inside, None where it exceeds the limit of a message."""
        request = messages.repository_request(name, deferred=False)
        try:
            reply = await self._call("ExternalRepository", request)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
                return None
            if error.code() is not grpc.StatusCode.UNIMPLEMENTED:
                raise
            reply = await self._streamed(request)
        return reply if len(reply) <= self._limit else None

    async def _streamed(self, request: bytes) -> bytes:
        stream = self._client.stream("StreamingExternalRepository", request, timeout_s=self._timeout_s)
        return messages.text_reply(b"".join([messages.chunk_of(event) async for event in stream]))

    async def _without_jobs(self, name: str) -> tuple[RecordedRepository, ReadRepository]:
        """Job data apart, one answer a job: what Dagster itself does with large locations."""
        reply = await self._call("ExternalRepository", messages.repository_request(name, deferred=True))
        read, _ = await asyncio.to_thread(_read_reply, reply, name)
        jobs: dict[str, bytes] = {}
        for job in read.job_names:
            answer = await self._call("ExternalJob", messages.job_request(name, job))
            if text := messages.reply_text(answer):
                jobs[job] = text
        return RecordedRepository(name, None, deferred=reply, jobs=jobs, error=read.error), read

    async def _call(self, method: str, request: bytes = messages.EMPTY) -> bytes:
        self._asked.append(method)
        return await self._client.call(method, request, timeout_s=self._timeout_s)

    async def _optional(self, method: str) -> bytes | None:
        """None where the server is too old to know the call."""
        try:
            return await self._call(method)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.UNIMPLEMENTED:
                return None
            raise


def empty_list(server_id: str | None) -> Recording:
    return Recording(None, messages.no_repository_json(), messages.NO_REPOSITORY, server_id=server_id)


def _read_reply(reply: bytes, name: str) -> tuple[ReadRepository, int]:
    """What the reply holds, and where in it the text begins."""
    text = messages.reply_text(reply)
    return read_repository(text, name), max(reply.find(text), 0)


def _repository_errors(snapshot: LocationSnapshot) -> Iterator[tuple[str, str]]:
    for repository in snapshot.repositories:
        if repository.error:
            reply = repository.reply or repository.deferred or b""
            yield repository.name, serdes.read_repository_error(messages.reply_text(reply)).text()
