"""The messages of the code-server API that Reef makes or looks into; field numbers are Dagster's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reef.wire import serdes
from reef.wire.fields import integer, integer_of, text, text_of

NO_REPOSITORY = (
    "The code server named no repository. Reef does not serve an empty list, because Dagster would forget the "
    "state of every schedule and sensor of this location."
)

CHUNK_CHARS = 4_000_000
EMPTY = b""
HEALTH_SERVING = integer(1, 1)
HEALTH_SERVICE_UNKNOWN = integer(1, 3)
HEALTH_SERVICES = (b"", b"DagsterApi")


def text_reply(value: str | bytes, number: int = 1) -> bytes:
    """Most replies of Dagster are one string."""
    return text(number, value.encode() if isinstance(value, str) else value)


def reply_text(reply: bytes, number: int = 1) -> bytes:
    return text_of(reply, number)


# --- answered -------------------------------------------------------------------------------------


def ping_reply(request: bytes) -> bytes:
    return text(1, text_of(request, 1))


def server_id_reply(server_id: str) -> bytes:
    return text_reply(server_id)


def server_id_of(reply: bytes) -> str:
    return text_of(reply, 1).decode()


def streaming_ping_events(request: bytes) -> Iterator[bytes]:
    length, echo = integer_of(request, 1), text(2, text_of(request, 2))
    return (integer(1, number) + echo for number in range(length))


def health_service(request: bytes) -> bytes:
    return text_of(request, 1)


SHUTDOWN_REPLY = text_reply(serdes.shutdown_json())


# --- recorded -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RepositoryAsked:
    """An ExternalRepositoryRequest."""

    repository: str
    deferred: bool


@dataclass(frozen=True)
class JobAsked:
    """An ExternalJobRequest."""

    repository: str
    job: str


def repository_request(repository: str, *, deferred: bool, socket: str = "") -> bytes:
    return text_reply(serdes.repository_origin_json(repository, socket=socket)) + integer(2, int(deferred))


def job_request(repository: str, job: str, *, socket: str = "") -> bytes:
    return text_reply(serdes.repository_origin_json(repository, socket=socket)) + text(2, job.encode())


def repository_asked(request: bytes) -> RepositoryAsked:
    name = serdes.read_repository_name(text_of(request, 1))
    return RepositoryAsked(name, integer_of(request, 2) != 0)


def job_asked(request: bytes) -> JobAsked:
    return JobAsked(serdes.read_repository_name(text_of(request, 1)), text_of(request, 2).decode())


def listed(reply: bytes) -> serdes.Listed:
    """What a ListRepositoriesReply holds."""
    return serdes.read_listed(text_of(reply, 1))


def job_error_reply(error: str) -> bytes:
    """ExternalJobReply with its error field."""
    return text_reply(error, 2)


def chunk_events(serialized: bytes) -> Iterator[bytes]:
    """StreamingExternalRepositoryEvent or StreamingChunkEvent: a number and a chunk, in Dagster's sizes."""
    chunks = _ascii_chunks(serialized) if serialized.isascii() else _text_chunks(serialized)
    return (integer(1, number) + text(2, chunk) for number, chunk in enumerate(chunks))


def _ascii_chunks(serialized: bytes) -> Iterator[bytes]:
    return (serialized[at : at + CHUNK_CHARS] for at in range(0, len(serialized), CHUNK_CHARS))


def _text_chunks(serialized: bytes) -> Iterator[bytes]:
    whole = serialized.decode()
    return (whole[at : at + CHUNK_CHARS].encode() for at in range(0, len(whole), CHUNK_CHARS))


def chunk_of(event: bytes) -> bytes:
    return text_of(event, 2)


# --- by run ---------------------------------------------------------------------------------------


def cancel_run_id(request: bytes) -> str:
    """Of a CancelExecution or CanCancelExecution request."""
    return serdes.read_run_id(text_of(request, 1))


def start_run_id(request: bytes) -> str:
    return serdes.read_started_run_id(text_of(request, 1))


def succeeded(reply: bytes) -> bool:
    """Of a CancelExecution or StartRun reply."""
    return serdes.read_success(text_of(reply, 1))


def can_cancel(reply: bytes) -> bool:
    return serdes.read_can_cancel(text_of(reply, 1))


def current_runs_of(reply: bytes) -> tuple[str, ...]:
    return serdes.read_current_runs(text_of(reply, 1))


def cancelled_reply(success: bool) -> bytes:
    return text_reply(serdes.cancelled_json(success))


def can_cancel_reply(value: bool) -> bytes:
    return text_reply(serdes.can_cancel_json(value))


def current_runs_reply(runs: tuple[str, ...]) -> bytes:
    return text_reply(serdes.current_runs_json(runs))


# --- ticks ----------------------------------------------------------------------------------------

_TICK_ERROR = (
    b'ExecutionErrorData"'  # of ExternalScheduleExecutionErrorData and ExternalSensorExecutionErrorData
)
_HEAD = 96  # bytes in which the class of a reply stands, with what protobuf puts before it


def may_be_tick_error(message: bytes) -> bool:
    """Whether a reply to a tick, or the first chunk of one, may be an error: cheap, and all that a good one costs."""
    return _TICK_ERROR in message[:_HEAD]


def tick_error(reply: bytes) -> serdes.ErrorInfo:
    """Of a reply that may be an error; raises WireError for one that is none."""
    return serdes.read_tick_error(text_of(reply, 1))


def streamed_tick_error(chunks: Iterable[bytes]) -> serdes.ErrorInfo:
    """As `tick_error`, of StreamingChunkEvents."""
    return serdes.read_tick_error(b"".join(map(chunk_of, chunks)))


def tick_name(request: bytes) -> str:
    """The schedule or sensor that an execution request is for."""
    return serdes.read_tick_name(text_of(request, 1))


# --- then probed again ----------------------------------------------------------------------------


def reply_error(reply: bytes, number: int = 1) -> bytes:
    """The `serialized_error` of RefreshComponentState and ReloadCodeWithState (1) or of ReloadCode (2)."""
    return text_of(reply, number)


def with_server_id(reply: bytes, server_id: str) -> bytes:
    """A ReloadCodeWithStateReply that names our server id; an error is passed on as it is."""
    return reply if reply_error(reply) else text_reply(server_id, 2)


def no_repository_json() -> str:
    """What Dagster is told in the place of a list without repositories: a load error spares schedules and sensors."""
    return serdes.error_json(
        serdes.ErrorInfo(message=NO_REPOSITORY + "\n", cls_name="DagsterUserCodeLoadError")
    )
