"""Calls about runs reach the child that holds the run, through real StartRun calls of Dagster's own launcher."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from code_servers import SMALL, CodeServer, code_server
from dagster import DagsterEventType, DagsterInstance, DagsterRun, DagsterRunStatus
from dagster._core.remote_origin import (
    GrpcServerCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.remote_representation.code_location import GrpcServerCodeLocation
from dagster._grpc.types import (
    CanCancelExecutionRequest,
    CanCancelExecutionResult,
    CancelExecutionRequest,
    CancelExecutionResult,
    ExecuteExternalJobArgs,
    GetCurrentRunsResult,
    StartRunResult,
)
from dagster._serdes import deserialize_value, serialize_value
from fronting import LOCATION, REPOSITORY, FakeControl, Front, endpoint, fake_server, fronted, until

from deadlines import scaled
from reef.gateway.by_run import Asked, first, refused, union
from reef.gateway.status import Ended
from reef.wire import messages


async def current_runs(front: Front) -> list[str]:
    runs = await front.ask(lambda client: client.get_current_runs())
    return list(deserialize_value(runs, GetCurrentRunsResult).current_runs)


async def can_cancel(front: Front, run_id: str) -> bool:
    request = CanCancelExecutionRequest(run_id=run_id)
    result = await front.ask(lambda client: client.can_cancel_execution(request))
    return deserialize_value(result, CanCancelExecutionResult).can_cancel


async def cancel(front: Front, run_id: str) -> bool:
    result = await front.ask(lambda client: client.cancel_execution(CancelExecutionRequest(run_id=run_id)))
    return deserialize_value(result, CancelExecutionResult).success


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with DagsterInstance.from_config(str(home)) as instance:
        yield instance


def create_run(instance: DagsterInstance, server: CodeServer) -> ExecuteExternalJobArgs:
    """A run of the job that takes a minute, not started."""
    location_origin = GrpcServerCodeLocationOrigin(
        host="localhost", socket=server.socket, location_name=LOCATION
    )
    with GrpcServerCodeLocation(location_origin, instance=instance) as location:
        job = location.get_repository(REPOSITORY).get_full_job("slow_job")
        plan = location.get_execution_plan(job, {}, step_keys_to_execute=None, known_state=None)
        run = instance.create_run(
            job_name=job.name,
            run_id=None,
            run_config={},
            resolved_op_selection=None,
            step_keys_to_execute=None,
            status=DagsterRunStatus.NOT_STARTED,
            tags={},
            root_run_id=None,
            parent_run_id=None,
            job_snapshot=job.job_snapshot,
            execution_plan_snapshot=plan.execution_plan_snapshot,
            parent_job_snapshot=None,
            remote_job_origin=job.get_remote_origin(),
            job_code_origin=job.get_python_origin(),
            asset_selection=None,
            asset_check_selection=None,
            op_selection=None,
            asset_graph=location.get_repository(REPOSITORY).asset_graph,
        )
    origin = RemoteJobOrigin(RemoteRepositoryOrigin(location_origin, REPOSITORY), "slow_job")
    return ExecuteExternalJobArgs(job_origin=origin, run_id=run.run_id, instance_ref=instance.get_ref())


def run_of(instance: DagsterInstance, run_id: str) -> DagsterRun:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run


def step_has_started(instance: DagsterInstance, run_id: str) -> bool:
    run = run_of(instance, run_id)
    assert not run.is_finished, instance.all_logs(run_id)
    return bool(instance.all_logs(run_id, of_type=DagsterEventType.STEP_START))


async def until_nothing(ask: Callable[[], Awaitable[list[str]]]) -> None:
    async with asyncio.timeout(scaled(20)):
        while await ask():
            await asyncio.sleep(0.05)


def test_invariant_12_a_run_is_cancelled_in_the_child_that_holds_it(
    tmp_path: Path, small: CodeServer, instance: DagsterInstance
) -> None:
    """Started in one child; cancelled when that one is draining and another serves."""

    async def main(old: CodeServer, args: ExecuteExternalJobArgs) -> None:
        control = FakeControl(now=endpoint(old.target), runs_at=(endpoint(old.target),))
        async with fronted(tmp_path, control) as front:
            started = await front.ask(lambda client: client.start_run(args))
            assert deserialize_value(started, StartRunResult).success
            ended = front.ended("StartRun")
            assert (ended.run_id, ended.code, ended.error) == (args.run_id, "OK", None)
            control.now = endpoint(small.target)
            control.runs_at = (endpoint(small.target), endpoint(old.target))
            assert await current_runs(front) == [args.run_id]
            assert await can_cancel(front, args.run_id)
            assert not await can_cancel(front, "another")
            assert not await cancel(front, "another")
            await until(lambda: step_has_started(instance, args.run_id), 60)
            instance.report_run_canceling(run_of(instance, args.run_id))  # as Dagster's launcher does first
            assert await cancel(front, args.run_id)
            assert front.lanes("CancelExecution") == {"by_run"}
            await until(lambda: run_of(instance, args.run_id).is_finished, 60)
            assert run_of(instance, args.run_id).status is DagsterRunStatus.CANCELED
            await until_nothing(lambda: current_runs(front))

    with code_server(tmp_path, SMALL, name="old") as old:
        asyncio.run(main(old, create_run(instance, old)))


def test_a_run_that_cannot_start_is_told(
    tmp_path: Path, small: CodeServer, instance: DagsterInstance
) -> None:
    origin = RemoteJobOrigin(
        RemoteRepositoryOrigin(GrpcServerCodeLocationOrigin("localhost", socket="/s"), REPOSITORY),
        "no_such_job",
    )
    args = ExecuteExternalJobArgs(job_origin=origin, run_id="r-1", instance_ref=instance.get_ref())

    async def main() -> None:
        async with fronted(tmp_path, FakeControl(now=endpoint(small.target))) as front:
            request = messages.text_reply(serialize_value(args))
            reply = await front.raw("StartRun", request)
            assert not deserialize_value(messages.reply_text(reply).decode(), StartRunResult).success
            assert front.ended("StartRun").error == "the run was not started"
            assert front.ended("StartRun").run_id == "r-1"

    asyncio.run(main())


def test_orphans_are_asked_of_control(tmp_path: Path, small: CodeServer) -> None:
    """A run whose code server is gone, whether another serves now, none does, or it is just going."""

    async def main() -> None:
        control = FakeControl(orphans={"orphan"})
        async with fronted(tmp_path, control) as front:
            for where in ((), (endpoint(small.target),), (endpoint(f"unix:{tmp_path}/gone.sock"),)):
                control.runs_at = where
                assert await can_cancel(front, "orphan")
                assert await cancel(front, "orphan")
            control.runs_at = ()
            assert not await can_cancel(front, "nobody")
            assert not await cancel(front, "nobody")
        assert control.wakes == 0

    asyncio.run(main())


def test_a_child_that_does_not_answer_is_not_taken_for_one_without_runs(tmp_path: Path) -> None:
    async def main() -> None:
        control = FakeControl(runs_at=(endpoint(f"unix:{tmp_path}/gone.sock"),))
        async with fronted(tmp_path, control) as front:
            for method in ("GetCurrentRuns", "CancelExecution"):
                request = messages.text_reply(json.dumps({"run_id": "r"}))
                with pytest.raises(grpc.aio.AioRpcError) as error:
                    await front.raw(method, request)
                assert error.value.code() is grpc.StatusCode.UNAVAILABLE

    asyncio.run(main())


def test_runs_of_all_children_are_united(tmp_path: Path) -> None:
    async def holds(_request: bytes, _context: Any) -> bytes:
        return messages.current_runs_reply(("a", "b"))

    async def holds_others(_request: bytes, _context: Any) -> bytes:
        return messages.current_runs_reply(("b", "c"))

    async def main() -> None:
        async with (
            fake_server(tmp_path, holds, name="one") as one,
            fake_server(tmp_path, holds_others, name="two") as two,
            fronted(tmp_path, FakeControl(runs_at=(endpoint(one), endpoint(two)))) as front,
        ):
            assert await current_runs(front) == ["a", "b", "c"]

    asyncio.run(main())


def test_who_says_yes() -> None:
    yes, no = messages.cancelled_reply(True), messages.cancelled_reply(False)
    assert first((no, b"\xff", yes), messages.succeeded) == yes
    assert first((no, b"\xff"), messages.succeeded) is None
    gone = Ended(grpc.StatusCode.UNAVAILABLE, "gone")
    assert refused(Asked((no,), (gone,)), yes) == no
    assert refused(Asked(), yes) == yes
    with pytest.raises(Ended):
        refused(Asked((), (gone,)), yes)
    assert union((yes,)) == yes
