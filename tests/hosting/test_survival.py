"""Who survives whom (DESIGN: children outlive zygote and host), and what the host cleans up."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hosts import GOOD, Host, alive, child_env, ping, state_of, until

from deadlines import scaled
from reef.hosting.contract import Child, StartFailed
from reef.hosting.leftovers import to_end
from reef.hosting.plan import ZygotePlan
from reef.hosting.zygote import Tuning

Write = Callable[[str], Path]

EARLIER_HOST = """
import asyncio, dataclasses, json, os, sys
from reef.hosting.contract import ChildSpec
from reef.hosting.local import LocalHosting
from reef.hosting.plan import ZygotePlan

async def main():
    folder, spec = sys.argv[1], ChildSpec(**json.loads(sys.argv[2]))
    hosting = LocalHosting(folder, folder + "/host.lock")
    if sys.argv[3:]:
        await hosting.use([ZygotePlan("k", sys.executable, spec.env, ("json",), ("a",))])
    child = await hosting.start(spec, 60)
    print(json.dumps(dataclasses.asdict(child)), flush=True)
    os._exit(9)  # as if it had been killed

asyncio.run(main())
"""


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Host]:
    made = Host(tmp_path / "o", tuning=Tuning(False, False, False), log_keep_bytes=200_000)
    yield made
    made.close()


def by_an_earlier_host(host: Host, spec: object, *more: str) -> Child:
    command = [sys.executable, "-c", EARLIER_HOST, str(host.folder), json.dumps(spec.__dict__), *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=scaled(100))
    assert done.returncode == 9, done.stderr
    return Child(**json.loads(done.stdout))


def test_children_outlive_their_zygote(other: Host, code: Write) -> None:
    plan = ZygotePlan("k", sys.executable, child_env(), ("json",), ("a",))
    other.run(other.hosting.use([plan]))
    child = other.start(other.spec("a", code(GOOD)))
    assert child.forked
    (zygote,) = other.hosting.zygotes()
    os.kill(zygote.pid, signal.SIGKILL)
    until(lambda: state_of(zygote.pid) == "gone", "the zygote is gone, and reaped")
    assert ping(child)
    os.kill(child.pid, signal.SIGTERM)
    ended = until(lambda: other.exits, "the exit is told")
    assert ended[0].status == 0
    assert state_of(child.pid) == "gone"


@pytest.mark.parametrize("more", [(), ("forked",)])
def test_invariant_14_a_new_host_takes_up_what_an_earlier_one_left(
    other: Host, code: Write, more: tuple[str, ...]
) -> None:
    left = by_an_earlier_host(other, other.spec("a", code(GOOD)), *more)
    assert left.forked is bool(more)
    assert alive(left.pid)
    (adopted,) = other.run(other.hosting.adopt())
    assert adopted.pid == left.pid
    assert adopted.start_ticks == left.start_ticks
    assert (adopted.location, adopted.version, adopted.socket) == ("a", "v1", left.socket)
    assert other.run(other.hosting.adopt()) == []  # not twice
    assert ping(adopted)
    assert other.run(other.hosting.memory(adopted)) is not None
    other.stop(adopted)
    assert not alive(left.pid)
    until(lambda: other.exits, "the exit is told")
    assert other.exits[0].expected


def test_records_of_the_dead_and_of_others_are_not_believed(other: Host) -> None:
    folder = other.folder / "children"
    record = {"location": "a", "version": "v", "purpose": "serve", "pid": os.getpid(), "start_ticks": 1}
    more = {"socket": "/x", "forked": True, "started_at": 0.0, "log": "/x"}
    (folder / "1-1.json").write_text(json.dumps({**record, **more}))
    (folder / "2-2.json").write_text("{half")
    assert other.run(other.hosting.adopt()) == []
    assert list(folder.iterdir()) == []


def test_a_child_that_nobody_claims_ends_itself(tmp_path: Path, code: Write) -> None:
    host = Host(tmp_path / "u", unclaimed_s=1.0)
    child = host.start(host.spec("a", code(GOOD)))
    host.run(host.hosting.close(leave_children=True))
    assert alive(child.pid)
    host.lock.release()
    until(lambda: not alive(child.pid), "the child ends")
    assert "no host has claimed" in host.log("a")
    assert list((host.folder / "children").iterdir()) == []


def test_a_claimed_child_stays(tmp_path: Path, code: Write) -> None:
    host = Host(tmp_path / "c", unclaimed_s=0.5)
    child = host.start(host.spec("a", code(GOOD)))
    try:
        with pytest.raises(AssertionError):
            until(lambda: not alive(child.pid), "it ends", within_s=2.0)
    finally:
        host.close()
    assert not alive(child.pid)


def test_leaving_children_leaves_them(other: Host, code: Write) -> None:
    child = other.start(other.spec("a", code(GOOD)))
    other.run(other.hosting.close(leave_children=True))
    assert ping(child)
    os.kill(child.pid, signal.SIGKILL)


def test_what_a_dead_child_leaves_is_ended_and_reaped(other: Host, code: Write, tmp_path: Path) -> None:
    leaves = GOOD + (
        "import os, subprocess\n"
        "left = subprocess.Popen(['sleep', '600'])\n"
        "open(os.environ['PIDS'], 'w').write(str(left.pid))\n"
    )
    child = other.start(other.spec("a", code(leaves), env=child_env(PIDS=str(tmp_path / "pids"))))
    other.stop(child, 0)
    pid = int((tmp_path / "pids").read_text())
    until(lambda: state_of(pid) == "gone", "it was reaped")


def test_what_is_left_is_ended_unless_a_run_is_among_it() -> None:
    run = b"python\0-c\0from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=8)"
    tracker = b"python\0-c\0from multiprocessing.resource_tracker import main;main(7)"
    assert to_end({1: b"sleep", 2: tracker, 3: run}) == ()
    assert to_end({1: b"sleep", 2: tracker}) == (1,)


def test_a_flood_does_not_fill_the_disk(other: Host, code: Write) -> None:
    floods = "import dagster as dg\nfor _ in range(300_000):\n    print('x' * 99)\ndefs = dg.Definitions()"
    child = other.start(other.spec("a", code(floods)))
    logs = other.folder / "logs"
    until(lambda: sum(file.stat().st_size for file in logs.iterdir()) < 700_000, "the log is rotated")
    assert sorted(file.name for file in logs.iterdir())[0] == "a.log"
    other.stop(child, 0)
    floods += "raise ValueError('enough')"
    with pytest.raises(StartFailed, match="enough"):
        other.start(other.spec("a", code(floods)))
    assert sum(file.stat().st_size for file in logs.iterdir()) < 700_000
