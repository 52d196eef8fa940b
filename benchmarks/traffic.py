"""Runs in the locations' interpreter: calls to every location, each on a new channel, and what became of each.

Of ten calls six are sensor ticks and one is an execution plan (both forwarded), two read the repository and one asks
for the server id.
"""

from __future__ import annotations

import itertools
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor

from dagster._core.remote_origin import RemoteRepositoryOrigin  # noqa: F401  (fails early where Dagster is another)
from dagster._grpc.__generated__ import dagster_api_pb2
from dagster._grpc.__generated__.dagster_api_pb2_grpc import DagsterApiStub
from dagster._grpc.types import ExecutionPlanSnapshotArgs
from dagster._serdes import serialize_value

PATTERN = ("tick", "repository", "tick", "tick", "plan", "tick", "server_id", "tick", "repository", "tick")
ERRORS = ("SensorExecutionErrorSnap", "ExecutionPlanSnapshotErrorData", "RepositoryErrorSnap")
MARK = re.compile(rb"(library|wheel|change)-v(\d+)")
TIMEOUT_S = 60


def requests_of(location):
    """Kind -> (method, request)."""
    plan = ExecutionPlanSnapshotArgs(
        job_origin=location.job,
        op_selection=[],
        run_config={},
        step_keys_to_execute=None,
        job_snapshot_id="x",
    )
    return {
        "tick": (
            "SyncExternalSensorExecution",
            dagster_api_pb2.ExternalSensorExecutionRequest(
                serialized_external_sensor_execution_args=serialize_value(location.tick_args(None))
            ),
        ),
        "plan": (
            "ExecutionPlanSnapshot",
            dagster_api_pb2.ExecutionPlanSnapshotRequest(
                serialized_execution_plan_snapshot_args=serialize_value(plan)
            ),
        ),
        "repository": (
            "ExternalRepository",
            dagster_api_pb2.ExternalRepositoryRequest(
                serialized_repository_python_origin=serialize_value(location.repository),
                defer_snapshots=True,
            ),
        ),
        "server_id": ("GetServerId", dagster_api_pb2.Empty()),
    }


def asked(location, requests, kind):
    """{"location", "kind", "sent", "received", "marks": {"library": [versions in it], ...}, "error"}."""
    method, request = requests[kind]
    record = {"location": location.name, "kind": kind, "sent": time.monotonic(), "error": None}
    try:
        with location.client._channel() as channel:
            reply = getattr(DagsterApiStub(channel), method)(request, timeout=TIMEOUT_S)
            record["received"] = time.monotonic()
            text = reply.SerializeToString()
    except Exception as error:
        record["received"], text = time.monotonic(), b""
        record["error"] = f"{type(error).__name__}: {error}"[:500]
    if any(sign.encode() in text for sign in ERRORS):
        record["error"] = text.decode(errors="replace")[:500]
    marks = {}
    for name, version in set(MARK.findall(text)):
        marks.setdefault(name.decode(), []).append(int(version))
    return {**record, "marks": marks}


def send(locations, folder, parallel):
    """Calls to the locations in turn, `parallel` at a time, until there is a file `stop` in the folder; the file
    `sent` in it has as many bytes as calls were made."""
    prepared = [(location, requests_of(location)) for location in locations]
    numbers, stop = itertools.count(), os.path.join(folder, "stop")

    def work(sent):
        done = []
        while not os.path.exists(stop):
            number = next(numbers)
            location, requests = prepared[number % len(prepared)]
            kind = PATTERN[(number // len(prepared) + number) % len(PATTERN)]
            done.append(asked(location, requests, kind))
            sent.write(b".")
        return done

    with open(os.path.join(folder, "sent"), "ab", buffering=0) as sent, ThreadPoolExecutor(parallel) as pool:
        return [record for done in pool.map(work, [sent] * parallel) for record in done]


def until_mark(location, kind, mark, deadline_s):
    """The moment at which a reply first bore the mark, such as `library-v2`."""
    name, _, version = mark.partition("-v")
    end, requests = time.monotonic() + deadline_s, requests_of(location)
    while True:
        record = asked(location, requests, kind)
        if record["marks"].get(name) == [int(version)]:
            return record["received"]
        if time.monotonic() > end:
            raise TimeoutError(f"{location.name} does not answer {mark}: {record}")
        time.sleep(0.02)
