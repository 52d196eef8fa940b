"""Hand-made messages against Dagster's own protobuf classes and serdes."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from dagster._core.remote_origin import (
    GrpcServerCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.remote_representation.external_data import RepositoryErrorSnap
from dagster._grpc import types
from dagster._grpc.__generated__ import dagster_api_pb2 as pb
from dagster._serdes import deserialize_value, serialize_value
from dagster._utils.error import SerializableErrorInfo, serializable_error_info_from_exc_info

from reef.decide.load_errors import brief
from reef.wire import messages, serdes
from reef.wire.fields import WireError, fields, integer, text

ODD = "söme \u2603 \U0001f600"


def origin(repository: str = "repo") -> RemoteRepositoryOrigin:
    return RemoteRepositoryOrigin(
        GrpcServerCodeLocationOrigin(host="localhost", socket="/x/y.sock", location_name="probe"), repository
    )


def test_ping() -> None:
    asked = pb.PingRequest(echo=ODD).SerializeToString()
    assert messages.ping_reply(asked) == pb.PingReply(echo=ODD).SerializeToString()
    assert messages.ping_reply(b"") == pb.PingReply().SerializeToString()


@pytest.mark.parametrize("length", [0, 1, 300, -1])
def test_streaming_ping(length: int) -> None:
    asked = pb.StreamingPingRequest(sequence_length=length, echo=ODD).SerializeToString()
    expected = [
        pb.StreamingPingEvent(sequence_number=number, echo=ODD).SerializeToString()
        for number in range(length)
    ]
    assert list(messages.streaming_ping_events(asked)) == expected


def test_server_id() -> None:
    reply = messages.server_id_reply("id-1")
    assert reply == pb.GetServerIdReply(server_id="id-1").SerializeToString()
    assert messages.server_id_of(reply) == "id-1"


@pytest.mark.parametrize("deferred", [True, False])
def test_repository_request(deferred: bool) -> None:
    real = pb.ExternalRepositoryRequest(
        serialized_repository_python_origin=serialize_value(origin(ODD)), defer_snapshots=deferred
    ).SerializeToString()
    assert messages.repository_asked(real) == messages.RepositoryAsked(ODD, deferred)
    assert messages.repository_request(ODD, deferred=deferred, socket="/x/y.sock") == real


def test_job_request() -> None:
    real = pb.ExternalJobRequest(
        serialized_repository_origin=serialize_value(origin()), job_name=ODD
    ).SerializeToString()
    assert messages.job_asked(real) == messages.JobAsked("repo", ODD)
    assert messages.job_request("repo", ODD, socket="/x/y.sock") == real


def test_list_repositories() -> None:
    response = types.ListRepositoriesResponse(
        [types.LoadableRepositorySymbol(repository_name=ODD, attribute="defs")],
        dagster_library_versions={"dagster": "1.2.3"},
    )
    reply = pb.ListRepositoriesReply(serialized_list_repositories_response_or_error=serialize_value(response))
    listed = messages.listed(reply.SerializeToString())
    assert (listed.repositories, listed.is_error, listed.dagster_version) == ((ODD,), False, "1.2.3")


def test_error_info_is_dagsters_own() -> None:
    cause = SerializableErrorInfo(message="inner\n", stack=["a\n"], cls_name="ImportError")
    error = SerializableErrorInfo(message=ODD, stack=[], cls_name=None, cause=cause)
    ours = serdes.ErrorInfo(ODD, cause=serdes.ErrorInfo("inner\n", ("a\n",), "ImportError"))
    assert serdes.error_json(ours) == serialize_value(error)
    assert serdes.read_error(serialize_value(error).encode()) == ours
    assert serdes.repository_error_json(serdes.error_json(ours)) == serialize_value(
        RepositoryErrorSnap(error=error)
    )
    assert messages.listed(messages.text_reply(serdes.error_json(ours))).is_error


def test_an_error_begins_with_why_not_with_where() -> None:
    """Dagster's wrappers say only where; `reef up` and the table of `reef status` show the first line."""
    why = serdes.ErrorInfo("KeyError: 'REGION'\n", cls_name="KeyError")
    own = serdes.ErrorInfo("ValueError: no region\n", cls_name="ValueError", context=why)
    component = serdes.ErrorInfo("ComponentTreeException: Error while loading feeds[0]:\n\n", cause=own)
    wrapper = serdes.ErrorInfo("Error occurred\nin defs.py\n", cause=component)
    assert wrapper.text().splitlines() == [
        "KeyError: 'REGION'",
        "ValueError: no region",
        "ComponentTreeException: Error while loading feeds[0]:",
        "Error occurred",
        "in defs.py",
    ]


WAYS = ("cause", "context")


def chained(*links: str) -> BaseException:
    """An exception that came from another in each way that Python has: `from`, or while that one was handled."""
    error: BaseException = ValueError("the root cause")
    try:
        raise error
    except ValueError:
        pass
    for number, link in enumerate(links):
        try:
            try:
                raise error
            except ValueError as before:
                if link == "cause":
                    raise ValueError(f"says only where {number}:") from before
                raise ValueError(f"says only where {number}:")  # noqa: B904
        except ValueError as after:
            error = after
    return error


@pytest.mark.parametrize("links", [links for n in range(4) for links in itertools.product(WAYS, repeat=n)])
def test_every_chain_of_exceptions_begins_with_its_root_cause(links: tuple[str, ...]) -> None:
    """As Dagster itself serializes them."""
    error = chained(*links)
    info = serializable_error_info_from_exc_info((type(error), error, error.__traceback__))
    read = serdes.read_error(serialize_value(info).encode())
    assert read.text().splitlines()[0] == "ValueError: the root cause"
    assert read.innermost() == "ValueError: the root cause"
    assert brief(read).startswith("ValueError: the root cause")
    assert not brief(read).endswith(":")


RESULTS: list[tuple[str, Any]] = [
    (
        serdes.cancelled_json(True),
        types.CancelExecutionResult(success=True, message=None, serializable_error_info=None),
    ),
    (serdes.can_cancel_json(False), types.CanCancelExecutionResult(can_cancel=False)),
    (serdes.shutdown_json(), types.ShutdownServerResult(success=True, serializable_error_info=None)),
    (serdes.current_image_json(None), types.GetCurrentImageResult(current_image=None, serializable_error_info=None)),
    (serdes.current_image_json("i:1"), types.GetCurrentImageResult(current_image="i:1", serializable_error_info=None)),
    (serdes.current_runs_json(["a"]), types.GetCurrentRunsResult(current_runs=["a"], serializable_error_info=None)),
]  # fmt: skip


@pytest.mark.parametrize(("ours", "real"), RESULTS)
def test_results(ours: str, real: Any) -> None:
    assert ours == serialize_value(real)
    assert deserialize_value(ours, type(real)) == real


def test_run_ids() -> None:
    cancel = pb.CancelExecutionRequest(
        serialized_cancel_execution_request=serialize_value(types.CancelExecutionRequest(run_id="r1"))
    )
    can = pb.CanCancelExecutionRequest(
        serialized_can_cancel_execution_request=serialize_value(types.CanCancelExecutionRequest(run_id="r2"))
    )
    start = pb.StartRunRequest(
        serialized_execute_run_args=serialize_value(
            types.ExecuteExternalJobArgs(
                job_origin=RemoteJobOrigin(origin(), "job"), run_id="r3", instance_ref=None
            )
        )
    )
    assert messages.cancel_run_id(cancel.SerializeToString()) == "r1"
    assert messages.cancel_run_id(can.SerializeToString()) == "r2"
    assert messages.start_run_id(start.SerializeToString()) == "r3"


def test_replies_about_runs() -> None:
    started = types.StartRunResult(success=False, message=ODD, serializable_error_info=None)
    reply = pb.StartRunReply(serialized_start_run_result=serialize_value(started))
    assert messages.succeeded(reply.SerializeToString()) is False
    assert pb.CancelExecutionReply.FromString(messages.cancelled_reply(True)) == pb.CancelExecutionReply(
        serialized_cancel_execution_result=serdes.cancelled_json(True)
    )
    assert messages.can_cancel(messages.can_cancel_reply(True)) is True
    assert messages.current_runs_of(messages.current_runs_reply(("a", "b"))) == ("a", "b")


@pytest.mark.parametrize("size", [0, 1, messages.CHUNK_CHARS, messages.CHUNK_CHARS + 1])
@pytest.mark.parametrize("letter", ["x", "ö"])
def test_chunks_are_cut_as_dagster_cuts_them(size: int, letter: str) -> None:
    whole = letter * size
    expected = [
        pb.StreamingExternalRepositoryEvent(
            sequence_number=number,
            serialized_external_repository_chunk=whole[at : at + messages.CHUNK_CHARS],
        ).SerializeToString()
        for number, at in enumerate(range(0, size, messages.CHUNK_CHARS))
    ]
    assert list(messages.chunk_events(whole.encode())) == expected
    assert b"".join(messages.chunk_of(event) for event in expected).decode() == whole


def test_chunk_size_is_dagsters() -> None:
    from dagster._grpc.server import STREAMING_CHUNK_SIZE

    assert messages.CHUNK_CHARS == STREAMING_CHUNK_SIZE


def test_component_state() -> None:
    failed = pb.RefreshComponentStateReply(serialized_error="{}").SerializeToString()
    assert messages.reply_error(failed) == b"{}"
    reloaded = pb.ReloadCodeWithStateReply(serialized_server_id="theirs").SerializeToString()
    ours = pb.ReloadCodeWithStateReply(serialized_server_id="ours").SerializeToString()
    assert messages.with_server_id(reloaded, "ours") == ours
    error = pb.ReloadCodeWithStateReply(serialized_error="{}").SerializeToString()
    assert messages.with_server_id(error, "ours") == error
    assert messages.reply_error(pb.ReloadCodeReply(serialized_error="x").SerializeToString(), 2) == b"x"


def test_job_error() -> None:
    assert messages.job_error_reply("{}") == pb.ExternalJobReply(serialized_error="{}").SerializeToString()


def test_unknown_fields_are_skipped() -> None:
    tail = integer(9, 7) + text(10, b"new") + b"\x5d\x01\x02\x03\x04" + b"\x61" + b"\x00" * 8
    assert messages.ping_reply(text(1, b"e") + tail) == text(1, b"e")


@pytest.mark.parametrize(
    "damaged",
    [b"\x0a", b"\x0a\x05abc", b"\x80", b"\xff" * 11, b"\x0b", b"\x09\x01", text(1, b"{"), text(1, b"[]")],
)
def test_damaged_messages_are_wire_errors(damaged: bytes) -> None:
    with pytest.raises(WireError):
        messages.repository_asked(damaged)


def test_large_numbers() -> None:
    assert list(fields(integer(1, -5))) == [(1, (1 << 64) - 5)]
    assert json.loads(serdes.repository_origin_json(ODD))["repository_name"] == ODD
