"""What the simulation claims of itself: it keeps every promise of a hosting, and its time and its deaths are what they
are said to be."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from contract_suite import EveryHosting, Texts
from sim_clock import Clock, SimLoop, Stuck, loop_now, read_by_all, simulate
from sim_hosting import FIRST_PID, SimHosting
from world import World

from deadlines import scaled
from reef.hosting.contract import Child, ChildSpec, Exit, HostingEvents, StartFailed

T = TypeVar("T")


class Bench:
    """Of `contract_suite.Bench`: a simulated hosting on a loop of its own."""

    texts = Texts(
        good="jobs: daily\n",
        ignores_sigterm="ignores: sigterm\n",
        raises="raises: no such table\n",
        exits="exits: 7\n",
        is_killed="exits: -9\n",
        hangs="hangs: yes\n",
        reads="reads: table.csv\n",
    )

    def __init__(self) -> None:
        self.exits: list[Exit] = []
        self.hosting = SimHosting(HostingEvents(on_exit=self.exits.append))
        self._clock = Clock()
        self._runner = asyncio.Runner(loop_factory=lambda: SimLoop(self._clock))

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        async def settled() -> T:
            try:
                return await coroutine
            finally:
                await loop_now().settle()

        with read_by_all(self._clock):
            return self._runner.run(settled())

    def spec(self, location: str, code: Path, *, purpose: Any = "serve") -> ChildSpec:
        args, socket = ("-f", str(code)), f"{code.parent}/{len(self.hosting.starts)}.sock"
        return ChildSpec(
            location, "v1", purpose, "python", args, str(code.parent), {}, socket, f"{code.parent}/log"
        )

    def start(self, spec: ChildSpec, timeout_s: float = 60.0) -> Child:
        return self.run(self.hosting.start(spec, timeout_s))

    def stop(self, child: Child, grace_s: float = 5.0) -> None:
        self.run(self.hosting.stop(child, grace_s))

    def until(self, true: Callable[[], T], what: str) -> T:
        found = true()
        assert found, what
        return found

    def answers(self, child: Child) -> bool:
        return bool(self.run(self.hosting.of(child).answer("GetServerId", b"")))

    def is_gone(self, child: Child) -> bool:
        return self.hosting.of(child).ended.is_set()

    def kill(self, child: Child) -> None:
        async def kill() -> None:
            self.hosting.ends(child)

        self.run(kill())

    def left_nothing(self, _failure: StartFailed) -> bool:
        return not self.hosting.starting and not self.hosting.children

    def cancelled(self, location: str, code: Path) -> bool:
        async def cancelled() -> None:
            starting = asyncio.create_task(self.hosting.start(self.spec(location, code), 60))
            await asyncio.sleep(1)
            assert self.hosting.starting
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)

        self.run(cancelled())
        return not self.hosting.starting and not self.hosting.children

    def close(self) -> None:
        self._runner.close()


@pytest.fixture
def host() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


@pytest.fixture
def code(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "location.txt"
        path.write_text(text)
        return path

    return write


class TestSimulatedHosting(EveryHosting):
    location = "sales"


# -- time -----------------------------------------------------------------------------------------------


def test_a_day_passes_at_once_and_for_everybody() -> None:
    real = time.monotonic()

    async def day() -> tuple[float, float, float]:
        before = time.monotonic(), time.time(), loop_now().time()
        await asyncio.sleep(86_400)
        after = time.monotonic(), time.time(), loop_now().time()
        return tuple(b - a for a, b in zip(before, after, strict=True))  # type: ignore[return-value]

    assert simulate(day()) == pytest.approx((86_400,) * 3, abs=0.001)
    assert time.monotonic() - real < scaled(60)


def test_what_is_due_earlier_happens_earlier() -> None:
    async def both() -> list[str]:
        done: list[str] = []

        async def after(seconds: float, name: str) -> None:
            await asyncio.sleep(seconds)
            done.append(name)

        await asyncio.gather(after(300, "later"), after(2, "sooner"), asyncio.to_thread(done.append, "now"))
        return done

    assert simulate(both()) == ["now", "sooner", "later"]


def test_to_settle_takes_no_time_and_leaves_nothing_to_do() -> None:
    async def settle() -> tuple[list[int], float]:
        done: list[int] = []

        async def many() -> None:
            for number in range(50):
                await asyncio.sleep(0)
                done.append(number)
            await asyncio.sleep(0.5)
            done.append(-1)

        task, began = asyncio.create_task(many()), loop_now().time()
        await loop_now().settle()
        took = loop_now().time() - began
        task.cancel()
        return done, took

    done, took = simulate(settle())
    assert done == list(range(50))
    assert took < 0.01


def test_nobody_in_reef_holds_on_to_a_real_clock() -> None:
    """The clocks of the module `time` are replaced: whoever imported them by name would go on reading the real ones."""
    clocks = {id(time.monotonic), id(time.time)}
    loaded = [(name, module) for name, module in sys.modules.items() if name.startswith("reef.")]
    held = [
        f"{name}.{word}" for name, module in loaded for word, v in vars(module).items() if id(v) in clocks
    ]
    assert len(loaded) > 50
    assert not held


async def _never() -> None:
    await asyncio.Event().wait()


async def _for_ever() -> None:
    while True:
        await asyncio.sleep(3600)


@pytest.mark.parametrize("work", [_never, _for_ever])
def test_to_wait_for_what_never_comes_is_an_error(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    with pytest.raises(Stuck):
        simulate(work())


# -- processes and disks --------------------------------------------------------------------------------


async def test_no_child_of_it_can_be_taken_for_a_process(world: World) -> None:
    await world.locations("sales")
    await world.call("sales")
    (child,) = world.children("sales")
    assert child.pid >= FIRST_PID
    assert not os.path.exists(f"/proc/{child.pid}")
    assert int(Path("/proc/sys/kernel/pid_max").read_text()) < FIRST_PID


async def test_a_host_that_is_killed_writes_nothing_more(world: World) -> None:
    await world.locations("sales")
    world.code_changes("sales")
    served = world.state.served_file("sales").read_bytes()
    assert await world.cut_off_at(0, world.reload("sales"))
    await world.clock.advance(3600)
    assert world.state.served_file("sales").read_bytes() == served


async def test_background_work_that_fails_fails_the_test(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    world = World(tmp_path / "w")
    await world.locations("sales")

    async def fails() -> None:
        raise KeyError("sales")

    world.host.parts.background.spawn(fails())
    await world.settle()
    with pytest.raises(AssertionError, match="background work failed"):
        await world.close()
    world.leave()
