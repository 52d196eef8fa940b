"""Dagster's real clients before the gateway, with the code server dead."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from code_servers import SMALL, CodeServer, code_server
from fronting import LOCATION, FakeControl, endpoint, fronted

from deadlines import MEASURED
from older_dagster import older_python
from reef.gateway import ListenAddress
from reef.gateway.contract import CallEnded
from reef.snapshots.record import Recording, record
from reef.wire import messages
from reef.wire.limits import MessageLimits

CLIENTS = ("newest", "a year old")

# Loads a location as webserver and daemon load it, and looks at everything that they show.
LOAD = """
import json, sys
from dagster import DagsterInstance
try:
    from dagster._core.remote_origin import GrpcServerCodeLocationOrigin
except ImportError:
    from dagster._core.remote_representation.origin import GrpcServerCodeLocationOrigin
from dagster._core.remote_representation.code_location import GrpcServerCodeLocation
with DagsterInstance.ephemeral() as instance:
    origin = GrpcServerCodeLocationOrigin(host="localhost", socket=sys.argv[1], location_name=sys.argv[2])
    with GrpcServerCodeLocation(origin, instance=instance) as location:
        (repository,) = location.get_repositories().values()
        jobs = {job.name: [job.job_snapshot.snapshot_id, dict(job.tags), job.identifying_job_snapshot_id]
                for job in repository.get_all_jobs()}
        print(json.dumps({
            "server_id": location.server_id,
            "executable": location.executable_path,
            "entry_point": location.entry_point,
            "jobs": jobs,
            "schedules": sorted(found.name for found in repository.get_schedules()),
            "sensors": sorted([found.name, found.min_interval_seconds] for found in repository.get_sensors()),
            "assets": sorted(found.asset_key.to_user_string() for found in repository.repository_snap.asset_nodes),
        }))
"""


async def loaded(python: str, socket: str) -> dict[str, object]:
    done = await asyncio.to_thread(
        subprocess.run, [python, "-c", LOAD, socket, LOCATION], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("dagster", CLIENTS)
@pytest.mark.parametrize("large", [False, True])
def test_a_location_loads_with_its_code_server_dead(tmp_path: Path, dagster: str, large: bool) -> None:
    """All it shows is what the live server shows; with job data inside no job is asked for."""
    python = sys.executable if dagster == "newest" else older_python()

    async def main(server: CodeServer) -> None:
        live = await loaded(python, server.socket)
        recording = await record(server.target, 30, limits=MessageLimits(send=40_000) if large else None)
        server.kill()
        control = FakeControl()
        async with fronted(tmp_path, control) as front:
            front.serve(recording, "reef-1")
            recorded = await loaded(python, front.socket)
            calls = [event.method for event in front.events if isinstance(event, CallEnded)]
        assert recorded.pop("server_id") == "reef-1"
        live.pop("server_id")
        assert recorded == live
        assert len(recorded["jobs"]) >= 4  # type: ignore[arg-type]
        assert ("ExternalJob" in calls) is large
        assert control.wakes == 0
        if not large:
            assert len(calls) <= 4, calls

    with code_server(tmp_path, SMALL, name="dies") as server:
        asyncio.run(main(server))


def test_the_host_loads_neither_dagster_nor_protobuf() -> None:
    code = (
        "import sys, reef.gateway, reef.snapshots.record, reef.snapshots, reef.wire.client\n"
        "bad = [name for name in sys.modules if name.split('.')[0] in ('dagster', 'dagster_shared') "
        "or name.startswith('google.protobuf')]\n"
        "assert not bad, bad\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_loop_never_touches_the_disk(tmp_path: Path, recording: Recording, small: CodeServer) -> None:
    """Every file that is opened, and every socket that is prepared, is so in another thread."""
    opened: list[tuple[str, bool]] = []
    watching = threading.Event()

    def hook(event: str, args: tuple[object, ...]) -> None:
        if event in ("open", "os.listdir", "os.scandir", "os.chmod", "os.remove") and watching.is_set():
            opened.append((str(args[0]), threading.current_thread() is threading.main_thread()))

    async def main() -> None:
        async with fronted(tmp_path, FakeControl(now=endpoint(small.target))) as front:
            digest = front.serve(recording)
            watching.set()
            await front.raw("ListRepositories")
            await front.raw("GetCurrentImage")
            await front.raw("ExternalRepository", messages.repository_request("nobody", deferred=True))
            await front.gateway.open("other", ListenAddress(socket=str(tmp_path / "other.sock")))
            await front.gateway.close("other")
            watching.clear()
            assert any(str(digest) in name for name, _ in opened)
            assert any("other.sock" in name for name, _ in opened)

    sys.addaudithook(hook)
    asyncio.run(main())
    ours = os.environ.get(MEASURED)  # the test's own deadlines look there
    assert [name for name, on_loop in opened if on_loop and name != ours] == []
