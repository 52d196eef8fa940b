"""Runs in the locations' interpreter: calls code servers with Dagster's own client, as webserver and daemon do.

One JSON request a line on stdin ({"do": name, ...}), one JSON answer a line on stdout. Times are seconds; moments
are `time.monotonic()`, which all processes of one machine share. DagsterGrpcClient opens a new channel for each call.
A target is {"name": location, "socket": path} or {"name": location, "host": ..., "port": ...}.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

from dagster import DagsterInstance
from dagster._core.instance.ref import InstanceRef
from dagster._core.remote_origin import (
    GrpcServerCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._grpc.__generated__ import dagster_api_pb2
from dagster._grpc.__generated__.dagster_api_pb2_grpc import DagsterApiStub
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import ExecutionPlanSnapshotArgs, SensorExecutionArgs
from dagster._serdes import serialize_value

import traffic

TICK_TIMEOUT_S = 120


class Location:
    """One code server as its callers see it."""

    def __init__(self, target):
        self.name = target["name"]
        address = {key: target[key] for key in ("socket", "host", "port") if key in target}
        self.client = DagsterGrpcClient(**address)
        origin = GrpcServerCodeLocationOrigin(
            host=target.get("host", "localhost"), port=target.get("port"), socket=target.get("socket"),
            location_name=self.name,
        )  # fmt: skip
        self.repository = RemoteRepositoryOrigin(origin, "__repository__")
        self.job = RemoteJobOrigin(self.repository, f"{self.name}_job")

    def tick_args(self, home):
        return SensorExecutionArgs(
            repository_origin=self.repository,
            instance_ref=InstanceRef.from_dir(home) if home else None,
            sensor_name=f"{self.name}_sensor",
            cursor="read-instance" if home else None,
            timeout=TICK_TIMEOUT_S,
        )

    def tick(self, home=None):
        args, start = self.tick_args(home), time.perf_counter()
        answer = self.client.external_sensor_execution(args)
        took = time.perf_counter() - start
        if "SensorExecutionErrorSnap" in answer or "skip_message" not in answer:
            raise RuntimeError(f"the tick of {self.name} failed: {answer[:2000]}")
        return took

    def plan(self):
        args = ExecutionPlanSnapshotArgs(
            job_origin=self.job,
            op_selection=[],
            run_config={},
            step_keys_to_execute=None,
            job_snapshot_id="x",
        )
        answer = self.client.execution_plan_snapshot(args)
        if "ExecutionPlanSnapshotErrorData" in answer:
            raise RuntimeError(f"the plan of {self.name} failed: {answer[:2000]}")

    def read(self):
        self.client.list_repositories()
        return len(self.client.external_repository(self.repository, defer_snapshots=True))


def do_prepare(home):
    """Make the instance's databases once: fifty servers that do so together race."""
    with DagsterInstance.from_ref(InstanceRef.from_dir(home)):
        return True


def do_warm(targets, home=None, parallel=8):
    """A repository read, an execution plan and a sensor tick in each."""

    def one(target):
        location = Location(target)
        size = location.read()
        location.plan()
        location.tick(home)
        return size

    with ThreadPoolExecutor(parallel) as pool:
        return list(pool.map(one, targets))


def do_tick(target, home=None):
    return Location(target).tick(home)


def do_ticks_at_once(targets, home=None):
    """All together: seconds from the common start to each answer."""
    locations = [Location(target) for target in targets]
    barrier = threading.Barrier(len(locations) + 1)

    def one(location):
        barrier.wait()
        start = time.perf_counter()
        location.tick(home)
        return time.perf_counter() - start

    with ThreadPoolExecutor(len(locations)) as pool:
        futures = [pool.submit(one, location) for location in locations]
        barrier.wait()
        return [future.result() for future in futures]


def do_first_tick(target, deadline_s, home=None):
    """The moment of the first answered tick of a server that is still starting."""
    location, end = Location(target), time.monotonic() + deadline_s
    while True:
        try:
            location.client.ping("")
            break
        except Exception:
            if time.monotonic() > end:
                raise
            time.sleep(0.005)
    location.tick(home)
    return time.monotonic()


def _request_of(location, kind):
    if kind == "tick":
        request = dagster_api_pb2.ExternalSensorExecutionRequest(
            serialized_external_sensor_execution_args=serialize_value(location.tick_args(None))
        )
        return "SyncExternalSensorExecution", request
    if kind == "repository":
        request = dagster_api_pb2.ExternalRepositoryRequest(
            serialized_repository_python_origin=serialize_value(location.repository), defer_snapshots=True
        )
        return "ExternalRepository", request
    return "GetServerId", dagster_api_pb2.Empty()


def do_latency(pairs, kind, rounds, kept):
    """Seconds of the same call to each target in turn: [[first, second, ...] of round one, ...]."""
    locations = [Location(target) for target in pairs]
    calls = [_request_of(location, kind) for location in locations]
    if not kept:
        return [[_fresh(*pair) for pair in zip(locations, calls, strict=True)] for _ in range(rounds)]
    channels = [location.client._channel() for location in locations]
    stubs = [DagsterApiStub(channel.__enter__()) for channel in channels]
    try:
        return [[_timed(stub, *call) for stub, call in zip(stubs, calls, strict=True)] for _ in range(rounds)]
    finally:
        for channel in channels:
            channel.__exit__(None, None, None)


def _fresh(location, call):
    start = time.perf_counter()
    with location.client._channel() as channel:
        getattr(DagsterApiStub(channel), call[0])(call[1], timeout=60)
        return time.perf_counter() - start


def _timed(stub, method, request):
    start = time.perf_counter()
    getattr(stub, method)(request, timeout=60)
    return time.perf_counter() - start


def do_throughput(targets, kind, seconds, parallel):
    """Answered calls a second over kept channels, `parallel` at a time."""
    end = time.monotonic() + seconds

    def one(target):
        location, count = Location(target), 0
        method, request = _request_of(location, kind)
        with location.client._channel() as channel:
            call = getattr(DagsterApiStub(channel), method)
            while time.monotonic() < end:
                call(request, timeout=60)
                count += 1
        return count

    with ThreadPoolExecutor(parallel) as pool:
        return sum(pool.map(one, [targets[i % len(targets)] for i in range(parallel)])) / seconds


def do_poll(targets, seconds, callers, most):
    """What `callers` Dagster processes do at rest: GetServerId of each once a second, on new channels."""
    clients = [Location(target).client for target in targets for _ in range(callers)]
    gap, start, late = 1.0 / len(clients), time.monotonic(), 0.0
    polls = min(most, int(seconds * len(clients)))
    for number in range(polls):
        wait = start + number * gap - time.monotonic()
        late = max(late, -wait)
        if wait > 0:
            time.sleep(wait)
        clients[number % len(clients)].get_server_id(timeout=5)
    return {"polls": polls, "seconds": time.monotonic() - start, "late_s": late}


def do_pings(targets, deadline_s):
    """Returns when each has answered a ping."""
    end = time.monotonic() + deadline_s
    for target in targets:
        client = Location(target).client
        while True:
            try:
                client.ping("")
                break
            except Exception:
                if time.monotonic() > end:
                    raise
                time.sleep(0.01)


def do_traffic(targets, folder, parallel):
    return traffic.send([Location(target) for target in targets], folder, parallel)


def do_until_mark(target, kind, mark, deadline_s):
    return traffic.until_mark(Location(target), kind, mark, deadline_s)


def do_daemon_ticks(home):
    """What the daemon made of the sensors: {"sensors": that have a tick, "ticks": number, "failed": [error]}."""
    with DagsterInstance.from_ref(InstanceRef.from_dir(home)) as instance:
        states = instance.all_instigator_state()
        of = [instance.get_ticks(state.instigator_origin_id, state.selector_id) for state in states]
    failed = [str(tick.error)[:500] for ticks in of for tick in ticks if tick.status.value == "FAILURE"]
    return {"sensors": sum(bool(ticks) for ticks in of), "ticks": sum(map(len, of)), "failed": failed}


def main():
    out = sys.stdout
    sys.stdout = sys.stderr
    for line in sys.stdin:
        request = json.loads(line)
        verb = globals()["do_" + request.pop("do")]
        try:
            answer = {"answer": verb(**request)}
        except Exception:
            answer = {"error": traceback.format_exc()}
        out.write(json.dumps(answer) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
