"""A process beside the host: started, restarted when it dies, taken up by the next host, ended."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from deadlines import until_async as until
from reef.beside.companion import Companion, CompanionSpec
from reef.procfs import start_ticks


def spec(folder: Path, code: str) -> CompanionSpec:
    return CompanionSpec(
        "webserver", (sys.executable, "-c", code), dict(os.environ), folder / "log", folder / "record"
    )


SLEEPER = "import time\nprint('up', flush=True)\nwhile True: time.sleep(1)"


def test_it_is_started_again_when_it_dies_and_ended_when_asked(tmp_path: Path) -> None:
    async def scene() -> None:
        said: list[str] = []
        companion = Companion(spec(tmp_path, SLEEPER), said.append)
        companion.start()
        await until(lambda: companion.pid)
        first = companion.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await until(lambda: companion.pid not in (None, first))
        second = companion.pid
        assert second is not None
        assert "SIGKILL" in said[0]
        await companion.stop(5.0)
        assert start_ticks(second) is None
        assert not (tmp_path / "record").exists()

    asyncio.run(scene())


def test_one_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    async def scene() -> None:
        code = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SLEEPER
        companion = Companion(spec(tmp_path, code), print)
        companion.start()
        await until(
            lambda: b"up" in (tmp_path / "log").read_bytes() if (tmp_path / "log").exists() else False
        )
        pid = companion.pid
        assert pid is not None
        await companion.stop(0.2)
        assert start_ticks(pid) is None

    asyncio.run(scene())


def test_the_next_host_takes_up_what_the_last_one_left(tmp_path: Path) -> None:
    async def scene() -> None:
        first = Companion(spec(tmp_path, SLEEPER), print)
        first.start()
        await until(lambda: first.pid)
        second = Companion(spec(tmp_path, SLEEPER), print)
        second.start()
        await until(lambda: second.pid)
        assert second.pid == first.pid
        first._stopping.set()  # as if its host had been killed: it does nothing more
        await second.stop(5.0)
        await first._background.close()

    asyncio.run(scene())


def test_what_cannot_be_started_is_said_and_tried_again(tmp_path: Path) -> None:
    async def scene() -> None:
        said: list[str] = []
        missing = CompanionSpec("webserver", ("/no/such/program",), {}, tmp_path / "log", tmp_path / "record")
        companion = Companion(missing, said.append)
        companion.start()
        await until(lambda: len(said) > 1)
        assert "webserver cannot be started" in said[0]
        assert "/no/such/program" in said[0]
        await companion.stop(5.0)

    asyncio.run(scene())


def test_one_that_is_stopped_while_it_starts_does_not_stay(tmp_path: Path) -> None:
    async def scene() -> None:
        companion = Companion(spec(tmp_path, SLEEPER), print)
        companion.start()
        await until(lambda: (tmp_path / "log").exists())  # it is being started
        await companion.stop(5.0)
        assert companion.pid is None
        assert not (tmp_path / "record").exists()

    asyncio.run(scene())


def test_a_record_that_cannot_be_written_does_not_leave_the_process_alone(tmp_path: Path) -> None:
    async def scene() -> None:
        (tmp_path / "gone").mkdir()
        one = CompanionSpec(
            "daemon",
            (sys.executable, "-c", SLEEPER),
            dict(os.environ),
            tmp_path / "log",
            tmp_path / "gone" / "record",
        )
        (tmp_path / "gone").rmdir()
        companion = Companion(one, print)
        companion.start()
        await until(lambda: companion.pid)
        pid = companion.pid
        (tmp_path / "gone").mkdir()
        await companion.stop(5.0)
        assert pid is not None
        assert start_ticks(pid) is None

    asyncio.run(scene())
