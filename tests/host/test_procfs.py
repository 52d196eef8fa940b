"""What /proc says of real processes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from deadlines import scaled, until
from reef import procfs

SLEEPER = "import sys; print('up', flush=True); sys.stdin.read()"
WITH_A_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SLEEPER!r}])"


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    yield from started(SLEEPER)


@pytest.fixture
def parent() -> Iterator[subprocess.Popen[bytes]]:
    yield from started(WITH_A_CHILD)


def started(code: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", code]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        yield process
        process.kill()


def test_a_living_process(sleeper: subprocess.Popen[bytes]) -> None:
    pid = sleeper.pid
    assert (procfs.start_ticks(os.getpid()) or 0) <= (procfs.start_ticks(pid) or 0)
    assert procfs.parent_of(pid) == os.getpid()
    assert procfs.session_of(pid) == pid
    assert procfs.command_line(pid).split(b"\0")[1] == b"-c"
    assert (procfs.cpu_seconds(os.getpid()) or 0) > (procfs.cpu_seconds(pid) or 0)
    assert not procfs.is_zombie(pid)
    assert pid in procfs.children_of(os.getpid())
    assert pid in procfs.children_of("self")
    assert pid in procfs.pids()


def test_a_zombie_is_no_living_process(sleeper: subprocess.Popen[bytes]) -> None:
    sleeper.kill()
    until(lambda: procfs.is_zombie(sleeper.pid))
    assert procfs.start_ticks(sleeper.pid) is None
    assert procfs.session_of(sleeper.pid) is None
    assert procfs.command_line(sleeper.pid) == b""
    assert sleeper.pid in procfs.children_of(os.getpid())
    assert sleeper.pid not in procfs.below(os.getpid())


def test_a_process_that_is_gone(sleeper: subprocess.Popen[bytes]) -> None:
    sleeper.kill()
    sleeper.wait()
    pid = sleeper.pid
    assert procfs.start_ticks(pid) is procfs.parent_of(pid) is procfs.cpu_seconds(pid) is None
    assert procfs.children_of(pid) == ()
    assert procfs.below(pid) == []


def test_descendants(parent: subprocess.Popen[bytes]) -> None:
    (child,) = procfs.below(parent.pid)
    assert procfs.parent_of(child) == parent.pid
    assert {parent.pid, child} <= set(procfs.below(os.getpid()))


def test_waiting_for_the_end_of_one_that_is_not_ours(parent: subprocess.Popen[bytes]) -> None:
    (grandchild,) = procfs.below(parent.pid)
    ticks = procfs.start_ticks(grandchild)
    assert ticks is not None

    async def scene() -> None:
        waiting = asyncio.create_task(procfs.until_ended(grandchild, ticks))
        await asyncio.sleep(0)
        assert not waiting.done()
        os.kill(grandchild, 9)
        await asyncio.wait_for(waiting, scaled(20))

    asyncio.run(scene())


def test_another_process_of_the_same_pid_is_not_waited_for(sleeper: subprocess.Popen[bytes]) -> None:
    async def scene() -> None:
        await asyncio.wait_for(procfs.until_ended(sleeper.pid, ticks=1), scaled(20))
        assert sleeper.poll() is None
        sleeper.kill()
        sleeper.wait()
        await asyncio.wait_for(procfs.until_ended(sleeper.pid, ticks=1), scaled(20))

    asyncio.run(scene())
