"""SIMULATED: a `Hosting` without processes. What a child answers comes from its location's file (`sim_code`)."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

import grpc
import grpc.aio
from sim_code import Code, listed, read_code, repository

from reef.hosting.contract import (
    Child,
    ChildSpec,
    Exit,
    HostingEvents,
    LoadReport,
    MemorySample,
    Purpose,
    StartFailed,
    ZygoteStatus,
)
from reef.hosting.reasons import ending
from reef.wire import messages
from reef.wire.client import RawClient

START_S = 0.05
STOP_S = 0.02
FIRST_PID = 1 << 23  # above what Linux gives out: no signal and no look at /proc meets a real process
PRIVATE = 50 << 20
SIGKILL, SIGTERM = -9, -15

_pids = itertools.count(FIRST_PID)


def failed(
    code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE, details: str = "connection refused"
) -> grpc.aio.AioRpcError:
    nothing = grpc.aio.Metadata()
    return grpc.aio.AioRpcError(code, nothing, nothing, details, "")


@dataclass
class SimChild:
    """One code server. `takes` is what each method waits for before it answers."""

    child: Child
    code: Code
    private: int = PRIVATE
    expected: bool = False
    connects: bool = True
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    status: int | None = None
    runs: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    waits: dict[str, asyncio.Event] = field(default_factory=dict)
    dies_at: set[str] = field(default_factory=set)

    async def answer(self, method: str, request: bytes) -> bytes:
        """Raises AioRpcError where it is dead, or dies before it has answered."""
        if self.ended.is_set() or not self.connects:
            raise failed()
        self.asked.append(method)
        if method in self.waits:
            await self._unless_dead(self.waits[method])
        return self._reply(method, request)

    async def _unless_dead(self, may: asyncio.Event) -> None:
        tasks = [asyncio.ensure_future(one.wait()) for one in (may, self.ended)]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
        if self.ended.is_set():
            raise failed(details="Socket closed")

    def _reply(self, method: str, request: bytes) -> bytes:
        match method:
            case "GetServerId":
                return messages.server_id_reply(f"simulated-{self.child.pid}")
            case "ListRepositories":
                return listed(self.code)
            case "ExternalRepository":
                return repository(self.code)
            case "GetCurrentRuns":
                return messages.current_runs_reply(tuple(self.runs))
            case "StartRun":
                self.runs.append(messages.start_run_id(request))
                return messages.cancelled_reply(True)  # the same fields as a StartRunResult
            case "RefreshComponentState":
                return messages.EMPTY
            case "ReloadCodeWithState":
                return messages.with_server_id(messages.EMPTY, f"simulated-{self.child.pid}")
            case "CancelExecution" | "CanCancelExecution":
                return self._cancelled(method, messages.cancel_run_id(request))
            case _:
                return messages.text_reply(f"{self.child.location} {self.child.version}")

    def _cancelled(self, method: str, run: str) -> bytes:
        known = run in self.runs
        if method == "CanCancelExecution":
            return messages.can_cancel_reply(known)
        if known:
            self.runs.remove(run)
        return messages.cancelled_reply(known)


class SimHosting:
    """Implements `Hosting`. `starts` and `stops` are what it was asked, in order; `outside` is what locations read
    besides files. Everything that fails does so because a test said so, or because the location's file does."""

    def __init__(self, events: HostingEvents | None = None) -> None:
        self.events = events or HostingEvents()
        self.children: list[SimChild] = []
        self.starts: list[ChildSpec] = []
        self.stops: list[Child] = []
        self.log: list[tuple[str, str]] = []  # (location, "probe" | "serve" | "stop" | "died" | "shows")
        self.outside: dict[str, tuple[str, ...]] = {}
        self.starting = 0
        self.start_s: dict[str, float] = {}  # location -> how long a start takes
        self.zygote_stands = True
        self._meanwhile: dict[tuple[str, Purpose], Callable[[], None]] = {}
        self._failing: defaultdict[tuple[str, Purpose], list[StartFailed]] = defaultdict(list)
        self._dying: defaultdict[tuple[str, Purpose], list[str]] = defaultdict(list)
        self._growing: dict[tuple[str, Purpose], int] = {}
        self._waiting: dict[tuple[str, Purpose, str], asyncio.Event] = {}

    # -- what a test does to it --------------------------------------------------------------------

    def fails_next(self, location: str, failure: StartFailed, purpose: Purpose = "serve") -> None:
        """The next start that is not failed yet fails so."""
        self._failing[location, purpose].append(failure)

    def while_starting(self, location: str, happens: Callable[[], None], purpose: Purpose = "serve") -> None:
        """At each start, when it has read its code and does not answer yet."""
        self._meanwhile[location, purpose] = happens

    def dies_next(self, location: str, at: str, purpose: Purpose = "serve") -> None:
        """The next child that is started dies when it is asked `at` (a method), before it answers."""
        self._dying[location, purpose].append(at)

    def grows(self, location: str, private: int, purpose: Purpose = "serve") -> None:
        """Children of the location, there and to come, hold so many bytes of their own."""
        self._growing[location, purpose] = private
        for one in self.alive(location, purpose):
            one.private = private

    def holds(self, location: str, method: str, purpose: Purpose = "serve") -> asyncio.Event:
        """Children, there and to come, answer this method only once the event is set."""
        may = self._waiting[location, purpose, method] = asyncio.Event()
        for one in self.alive(location, purpose):
            one.waits[method] = may
        return may

    def dies(self, location: str, status: int = SIGKILL) -> Child:
        """The serving child of the location that was started last, while nobody asked for it."""
        one = self.alive(location)[-1]
        self.log.append((location, "died"))
        self._end(one, status)
        return one.child

    def ends(self, child: Child, status: int = SIGKILL) -> None:
        """This one, while nobody asked for it."""
        self._end(self.of(child), status)

    def loses_socket(self, location: str) -> None:
        """Its serving child lives, but takes no connection any more."""
        self.alive(location)[-1].connects = False

    def run_ends(self, run: str) -> None:
        for one in self.children:
            if run in one.runs:
                one.runs.remove(run)

    def alive(self, location: str, purpose: Purpose = "serve") -> list[SimChild]:
        return [
            one
            for one in self.children
            if one.child.location == location and one.child.purpose == purpose and not one.ended.is_set()
        ]

    def of(self, child: Child) -> SimChild:
        return next(one for one in self.children if one.child == child)

    def at(self, target: str) -> SimChild | None:
        """By a gRPC target; None where no such child ever was."""
        return next((one for one in self.children if f"unix:{one.child.socket}" == target), None)

    # -- Hosting -----------------------------------------------------------------------------------

    async def start(self, spec: ChildSpec, timeout_s: float) -> Child:
        self.starts.append(spec)
        self.log.append((spec.location, spec.purpose))
        self.starting += 1
        try:
            async with asyncio.timeout(timeout_s):
                code = await self._loaded(spec)
        except TimeoutError:
            raise StartFailed(f"it did not answer within {timeout_s:g} s") from None
        finally:
            self.starting -= 1
        one = self._made(spec, code)
        self.children.append(one)
        return one.child

    async def _loaded(self, spec: ChildSpec) -> Code:
        await asyncio.sleep(self.start_s.get(spec.location, START_S))
        if failing := self._failing[spec.location, spec.purpose]:
            raise failing.pop(0)
        path = spec.grpc_args[spec.grpc_args.index("-f") + 1]
        try:
            code = read_code(path, self.outside)
        except OSError as error:
            raise StartFailed(str(error), 1) from None
        self._meanwhile.get((spec.location, spec.purpose), _nothing)()
        await asyncio.sleep(code.loads_s)
        if (status := code.words.get("exits")) is not None:
            raise StartFailed(f"the code server {ending(int(status))}", int(status))
        if spec.purpose == "serve" and code.raises is not None:
            raise StartFailed(code.raises, 1)  # a probe's server is lazy: it tells its error when it is asked
        return code

    def _made(self, spec: ChildSpec, code: Code) -> SimChild:
        key = spec.location, spec.purpose
        pid = next(_pids)
        child = Child(
            spec.location, spec.version, spec.purpose, pid, pid, spec.socket, self.zygote_stands, float(pid)
        )
        dies_at = {self._dying[key].pop(0)} if self._dying[key] else set()
        waits = {
            m: may for (location, purpose, m), may in self._waiting.items() if (location, purpose) == key
        }
        return SimChild(child, code, self._growing.get(key, PRIVATE), waits=waits, dies_at=dies_at)

    async def stop(self, child: Child, grace_s: float, *, runs_too: bool = False) -> None:
        self.stops.append(child)
        one = self.of(child)
        if one.ended.is_set():
            return
        if child.purpose == "serve":
            self.log.append((child.location, "stop"))
        one.expected = True
        self.events.on_ending(child)
        ignores = one.code.words.get("ignores") == "sigterm"
        await asyncio.sleep(grace_s if ignores else STOP_S)
        self._end(one, SIGKILL if ignores else SIGTERM)

    def _end(self, one: SimChild, status: int) -> None:
        if one.ended.is_set():
            return
        one.status = status
        one.ended.set()
        asyncio.get_running_loop().call_soon(self.events.on_exit, Exit(one.child, status, one.expected))

    async def load_report(self, child: Child) -> LoadReport | None:
        one = self.of(child)
        if one.ended.is_set():
            return None
        folder = os.path.dirname(one.code.path)
        reads = [os.path.join(folder, path) for path in one.code.words.get("reads", "").split()]
        return LoadReport(
            modules={"defs": one.code.path},
            files_read=tuple(reads),
            dirs_listed=(),
            env_read={},
            threads=1,
            load_s=START_S,
            private_bytes=one.private,
        )

    async def adopt(self) -> Sequence[Child]:
        left = [one for one in self.children if not one.ended.is_set()]
        for one in left:
            if one.child.purpose == "probe":  # nobody waits for it any more
                self._end(one, SIGKILL)
        return [one.child for one in left if one.child.purpose == "serve"]

    async def memory(self, child: Child) -> MemorySample | None:
        one = self.of(child)
        return None if one.ended.is_set() else MemorySample(one.private, one.private * 2, one.private * 3)

    def not_forked_because(self, location: str) -> str | None:
        return None if self.zygote_stands else "its zygote is dead"

    def zygotes(self) -> Sequence[ZygoteStatus]:
        return ()

    async def sample_zygotes(self) -> None: ...

    async def close(self, *, leave_children: bool) -> None:
        if not leave_children:
            living = [one.child for one in self.children if not one.ended.is_set()]
            await asyncio.gather(*(self.stop(child, 0.0, runs_too=True) for child in living))


class SimClient(RawClient):
    """Asks a simulated child. Opens no channel."""

    def __init__(self, hosting: SimHosting, target: str) -> None:
        self._hosting, self._target = hosting, target

    async def call(self, name: str, request: bytes = b"", *, timeout_s: float) -> bytes:
        return await ask(self._hosting, self._target, name, request, timeout_s)

    async def stream(self, name: str, request: bytes = b"", *, timeout_s: float) -> AsyncIterator[bytes]:
        yield await self.call(name, request, timeout_s=timeout_s)

    async def close(self) -> None: ...


def _nothing() -> None: ...


async def ask(
    hosting: SimHosting, target: str, method: str, request: bytes, timeout_s: float | None
) -> bytes:
    """Raises AioRpcError as gRPC would."""
    one = hosting.at(target)
    if one is None:
        raise failed()
    if method in one.dies_at:
        hosting.ends(one.child)
        raise failed(details="Socket closed")
    try:
        async with asyncio.timeout(timeout_s):
            return await one.answer(method, request)
    except TimeoutError:
        raise failed(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded") from None
