"""Dagster's JSON objects (`{"__class__": …}`) that Reef reads or writes by hand, in Dagster's own spelling."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TypeVar

import msgspec

from reef.wire.fields import WireError
from reef.words import describe, headline

SHOWS_CODE = re.compile(r'File "[^"]+", line \d+')


class ErrorInfo(msgspec.Struct, frozen=True):
    """SerializableErrorInfo. `stack` holds lines that end in a newline."""

    message: str
    stack: tuple[str, ...] = ()
    cls_name: str | None = None
    cause: ErrorInfo | None = None
    context: ErrorInfo | None = None

    def chain(self) -> tuple[ErrorInfo, ...]:
        """Itself, then what it came from (`raise … from`, or while what was handled), the root cause last."""
        found, one = [self], self.came_from
        while one is not None:
            found.append(one)
            one = one.came_from
        return tuple(found)

    @property
    def came_from(self) -> ErrorInfo | None:
        return self.cause or self.context

    def text(self) -> str:
        """For people: the messages of its chain, the root cause first. Dagster wraps whatever a location's code raises
        into errors that say only where."""
        return "\n".join(dict.fromkeys(error._spelt() for error in reversed(self.chain())))

    @property
    def said(self) -> str:
        """Its own message in one line: the first; where a syntax error shows the code at fault first, the last."""
        lines = self.message.strip().splitlines()
        if lines and SHOWS_CODE.match(lines[0].strip()):
            return lines[-1].strip()
        return headline(self.message) or self.cls_name or "an error without a message"

    def _spelt(self) -> str:
        message = self.message.strip()
        return message if self.said in message.partition("\n")[0] else f"{self.said}\n{message}".strip()

    def classes(self) -> str:
        """`SensorExecutionError: ValueError`, outermost first."""
        own = self.cls_name or "error"
        return f"{own}: {self.cause.classes()}" if self.cause else own

    def innermost(self) -> str:
        """The message of the root cause in one line."""
        return headline(self.text())


class _Run(msgspec.Struct):
    run_id: str


class _StartedRun(msgspec.Struct):
    pipeline_run_id: str


class _RepositoryOrigin(msgspec.Struct):
    repository_name: str


class _Cancelled(msgspec.Struct):
    success: bool


class _CanCancel(msgspec.Struct):
    can_cancel: bool


class _CurrentRuns(msgspec.Struct):
    current_runs: list[str]


class _Symbol(msgspec.Struct):
    repository_name: str


class _RepositoryError(msgspec.Struct):
    error: ErrorInfo


class _TickError(msgspec.Struct, rename={"kind": "__class__"}):
    kind: str
    error: ErrorInfo | None = None


class _Tick(msgspec.Struct):
    sensor_name: str | None = None
    schedule_name: str | None = None


class _DefsState(msgspec.Struct):
    version: str


class DefsStates(msgspec.Struct):
    """DefsStateInfo."""

    info_mapping: dict[str, _DefsState | None] = {}

    def versions(self) -> dict[str, str]:
        """Key → version, "" for none."""
        return {key: state.version if state else "" for key, state in self.info_mapping.items()}


def read_defs_state(text: bytes) -> dict[str, str]:
    """Key → version of a serialized DefsStateInfo. Raises ValueError for what is none."""
    return msgspec.json.decode(text, type=DefsStates).versions()


class Listed(msgspec.Struct, rename={"kind": "__class__"}):
    """ListRepositoriesResponse or SerializableErrorInfo, told apart by `kind`."""

    kind: str
    repository_symbols: list[_Symbol] = []
    dagster_library_versions: dict[str, str] | None = None

    @property
    def dagster_version(self) -> str | None:
        return (self.dagster_library_versions or {}).get("dagster")

    @property
    def is_error(self) -> bool:
        return self.kind == "SerializableErrorInfo"

    @property
    def repositories(self) -> tuple[str, ...]:
        return tuple(symbol.repository_name for symbol in self.repository_symbols)


_T = TypeVar("_T")


def _decoded(text: bytes, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise WireError(f"not the expected {kind.__name__.strip('_')}: {describe(error)}") from None


def error_json(error: ErrorInfo) -> str:
    return json.dumps(_error_object(error))


def read_error(text: bytes) -> ErrorInfo:
    return _decoded(text, ErrorInfo)


def read_tick_error(text: bytes) -> ErrorInfo:
    """Of a ScheduleExecutionErrorSnap or SensorExecutionErrorSnap; raises WireError for anything else."""
    found = _decoded(text, _TickError)
    if found.error is None or not found.kind.endswith("ExecutionErrorData"):
        raise WireError(f"{found.kind} is no error of a tick")
    return found.error


def read_tick_name(text: bytes) -> str:
    """Of the arguments of an execution of a schedule or sensor; empty where they name none."""
    tick = _decoded(text, _Tick)
    return tick.sensor_name or tick.schedule_name or ""


def read_repository_error(text: bytes) -> ErrorInfo:
    """Of a RepositoryErrorSnap."""
    return _decoded(text, _RepositoryError).error


def repository_error_json(error: str) -> str:
    """RepositoryErrorSnap around an error that is JSON already."""
    return f'{{"__class__": "ExternalRepositoryErrorData", "error": {error}}}'


def repository_origin_json(repository: str, location: str = "probe", socket: str = "") -> str:
    """RemoteRepositoryOrigin: servers read only the repository's name out of it."""
    return json.dumps(
        {
            "__class__": "ExternalRepositoryOrigin",
            "repository_location_origin": {
                "__class__": "GrpcServerRepositoryLocationOrigin",
                "host": "localhost",
                "location_name": location,
                "port": None,
                "socket": socket,
            },
            "repository_name": repository,
        }
    )


def cancelled_json(success: bool) -> str:
    return _result("CancelExecutionResult", success=success)


def can_cancel_json(can_cancel: bool) -> str:
    return json.dumps({"__class__": "CanCancelExecutionResult", "can_cancel": can_cancel})


def shutdown_json() -> str:
    return json.dumps({"__class__": "ShutdownServerResult", "serializable_error_info": None, "success": True})


def current_image_json(image: str | None) -> str:
    return json.dumps(
        {"__class__": "GetCurrentImageResult", "current_image": image, "serializable_error_info": None}
    )


def current_runs_json(runs: Iterable[str]) -> str:
    return json.dumps(
        {"__class__": "GetCurrentRunsResult", "current_runs": list(runs), "serializable_error_info": None}
    )


def read_listed(text: bytes) -> Listed:
    return _decoded(text, Listed)


def read_repository_name(text: bytes) -> str:
    return _decoded(text, _RepositoryOrigin).repository_name


def read_run_id(text: bytes) -> str:
    """Of a CancelExecutionRequest or CanCancelExecutionRequest."""
    return _decoded(text, _Run).run_id


def read_started_run_id(text: bytes) -> str:
    """Of the arguments of StartRun."""
    return _decoded(text, _StartedRun).pipeline_run_id


def read_success(text: bytes) -> bool:
    """Of a CancelExecutionResult or StartRunResult."""
    return _decoded(text, _Cancelled).success


def read_can_cancel(text: bytes) -> bool:
    return _decoded(text, _CanCancel).can_cancel


def read_current_runs(text: bytes) -> tuple[str, ...]:
    return tuple(_decoded(text, _CurrentRuns).current_runs)


def _result(name: str, *, success: bool) -> str:
    fields = {"message": None, "serializable_error_info": None, "success": success}
    return json.dumps({"__class__": name, **fields})


def _error_object(error: ErrorInfo) -> dict[str, object]:
    return {
        "__class__": "SerializableErrorInfo",
        "cause": _error_object(error.cause) if error.cause else None,
        "cls_name": error.cls_name,
        "context": _error_object(error.context) if error.context else None,
        "message": error.message,
        "stack": list(error.stack),
    }
