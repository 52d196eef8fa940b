"""One zygote, seen from the host: build it, let it fork, hear of its children's ends."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from reef.hosting.launch import socket_pair
from reef.hosting.link import Link
from reef.hosting.machine import Machine, Process, ThisMachine, Variables
from reef.hosting.plan import Unfit, ZygotePlan
from reef.words import fault

BUILD_TIMEOUT_S = 120.0
EXIT_TIMEOUT_S = 2.0
FINE_ROUNDS = 3  # in which as little as possible is left out
MOST_ROUNDS = 6
UNCLEAR = "unclear"
ADDED_ENV = {
    "MALLOC_ARENA_MAX": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
NOT_FOR_ZYGOTES = ("PYTHONPATH", "PYTHONSAFEPATH", "PYTHONWARNINGS", "PYTHONSTARTUP")


class BuildFailed(Exception):
    """The zygote could not be built; the message is for people."""


class _RehearsalFailed(Exception):
    """It left a thread, hung or crashed: the zygote is built again without it."""


class ForkRefused(Exception):
    """The zygote is dead or could not fork."""


@dataclass(frozen=True)
class Built:
    """What a zygote says of itself once it can fork."""

    features: tuple[str, ...]
    modules: Mapping[str, str]  # everything loaded -> its file
    mapped: tuple[str, ...]  # libraries and extension modules mapped
    failed: Mapping[str, str]  # asked for, could not be imported
    left_out: Mapping[str, Unfit]  # asked for, not fit to be inherited
    added: Mapping[str, str]  # module -> what it adds to others, in words, in children that import it
    costs: Mapping[str, float]  # distribution -> seconds that its import took, of what was left out
    build_s: float  # of all rounds
    rounds: int = 1


@dataclass(frozen=True)
class Tuning:
    """What a zygote does to its heap besides importing."""

    rehearsal: bool = True
    plug: bool = True
    immortal: bool = True


@dataclass
class Zygote:
    plan: ZygotePlan
    process: Process
    built: Built
    machine: Machine
    _link: Link
    _ids: itertools.count[int] = field(default_factory=itertools.count)
    _replies: dict[int, asyncio.Future[int]] = field(default_factory=dict)
    _exits: dict[int, asyncio.Future[int | None]] = field(default_factory=dict)
    _sending: asyncio.Lock = field(default_factory=asyncio.Lock)
    _over: bool = False

    def __post_init__(self) -> None:
        self._reader = asyncio.create_task(self._read())

    @property
    def is_alive(self) -> bool:
        return not self._over and not self.process.is_dead

    async def fork(self, status: int, log: int) -> Process:
        """A child that waits on `status` for what it shall be. Raises ForkRefused."""
        if not self.is_alive:
            raise ForkRefused("its zygote has died")
        number = next(self._ids)
        reply = self._replies[number] = asyncio.get_running_loop().create_future()
        try:
            async with self._sending:
                await self._link.send({"op": "fork", "id": number}, (status, log))
            pid = await reply
        except OSError as error:
            raise ForkRefused(f"its zygote has died: {fault(error)}") from None
        finally:
            self._replies.pop(number, None)
        process = await self.machine.process(pid, self._exit_of)
        if process is None:
            raise ForkRefused("it was gone as soon as it was forked")
        return process

    async def _exit_of(self, pid: int) -> int | None:
        try:
            async with asyncio.timeout(EXIT_TIMEOUT_S):
                return await self._exit(pid)
        except TimeoutError:
            return None
        finally:
            self._exits.pop(pid, None)

    def _exit(self, pid: int) -> asyncio.Future[int | None]:
        if pid not in self._exits:
            self._exits[pid] = asyncio.get_running_loop().create_future()
            if self._over:
                self._exits[pid].set_result(None)
        return self._exits[pid]

    async def _read(self) -> None:
        while (message := await self._link.receive()) is not None:
            self._heard(message)
        self._over = True
        for reply in self._replies.values():
            if not reply.done():
                reply.set_exception(ForkRefused("its zygote has died"))
        for status in self._exits.values():
            if not status.done():
                status.set_result(None)

    def _heard(self, message: dict[str, Any]) -> None:
        if message["op"] == "exit":
            status = self._exit(message["pid"])
            if not status.done():
                status.set_result(message["status"])
            return
        reply = self._replies.get(message["id"])
        if reply is None or reply.done():
            return
        if message["op"] == "forked":
            self._exit(message["pid"])
            reply.set_result(message["pid"])
        else:
            reply.set_exception(ForkRefused(message["reason"]))

    async def end(self) -> None:
        """The zygote goes, its children stay."""
        self.process.signal(signal.SIGKILL)
        await self.process.dead()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(EXIT_TIMEOUT_S):
                await self._reader
        self._link.close()


async def build(plan: ZygotePlan, log_path: str, tuning: Tuning, machine: Machine | None = None) -> Zygote:
    """A zygote that is ready to fork. Modules that are seen to do what a zygote must not inherit are left out: each
    round imports in a process that is thrown away. Raises BuildFailed."""
    found = _Findings(plan)
    machine = machine or ThisMachine()
    while found.rounds <= MOST_ROUNDS:
        try:
            zygote = await _attempt(plan, log_path, tuning, found, machine)
        except _RehearsalFailed:
            tuning = replace(tuning, rehearsal=False)
            continue
        if zygote is not None:
            return zygote
    words = next((one.words for one in found.left_out.values()), "they do not stand a rehearsal")
    raise BuildFailed(f"after {MOST_ROUNDS} rounds its modules still cannot be inherited: {words}")


@dataclass
class _Findings:
    """What the rounds have found so far; `rounds` is the number of the one that is under way."""

    plan: ZygotePlan
    started: float = field(default_factory=time.monotonic)
    rounds: int = 1
    left_out: dict[str, Unfit] = field(default_factory=dict)
    costs: dict[str, float] = field(default_factory=dict)
    closely: set[str] = field(default_factory=set)
    unclear: dict[str, Unfit] = field(default_factory=dict)

    def take(self, answer: Mapping[str, Any]) -> None:
        """Of modules that ran together when something changed, another round tells which it was."""
        self.unclear = {
            name: Unfit("changed", said[1]) for name, said in answer["modules"].items() if said[0] == UNCLEAR
        }
        self.left_out.update({n: Unfit(*said) for n, said in answer["modules"].items() if said[0] != UNCLEAR})
        self.closely.update(map(self._distribution, self.unclear))
        self.costs.update(answer["costs"])
        self.rounds += 1
        if self.rounds > FINE_ROUNDS:
            self._widen(everything=self.rounds == MOST_ROUNDS)

    def _widen(self, *, everything: bool) -> None:
        """So that there is an end: what is still unclear, and the whole of each distribution that has something to be
        left out; at last all that not every location has."""
        self.left_out.update(self.unclear)
        reasons = {self._distribution(n): why for n, why in self.left_out.items() if why.kind != "needs"}
        for name in set(self.plan.modules).difference(self.plan.shared, self.left_out):
            why = reasons.get(self._distribution(name))
            if why is not None:
                self.left_out[name] = why
            elif everything:
                self.left_out[name] = Unfit("needs", "was to be preloaded with others that cannot be")

    def _distribution(self, module: str) -> str:
        top = module.partition(".")[0]
        return self.plan.distributions.get(top, top)


async def _attempt(
    plan: ZygotePlan, log_path: str, tuning: Tuning, found: _Findings, machine: Machine
) -> Zygote | None:
    """None where something more must be left out, which `found` has then, and all must be imported again."""
    process, link = await _start(plan, log_path, machine)
    try:
        await link.send(_request(plan, tuning, found))
        answer = await _answer(link)
        while found.rounds < MOST_ROUNDS and (spare := await _spare_of(answer, machine)) is not None:
            process.kill_group()
            process = spare
            found.take(answer or {})
            await link.send(_of_rounds(plan, found))
            answer = await _answer(link)
        if answer is not None and answer["op"] == "ready":
            return Zygote(plan, process, _built(answer, found), machine, link)
    except TimeoutError:
        await _throw_away(process, link, at_once=True)
        if tuning.rehearsal:
            raise _RehearsalFailed from None
        raise BuildFailed(f"importing its modules took more than {BUILD_TIMEOUT_S:g} s") from None
    except BaseException:
        await _throw_away(process, link, at_once=True)
        raise
    status = await _throw_away(process, link, at_once=answer is not None)
    if answer is None and tuning.rehearsal:
        raise _RehearsalFailed
    if answer is None:
        raise BuildFailed(f"it died with status {status} while it imported its modules, see {log_path}")
    if answer["op"] != "dirty":
        raise _RehearsalFailed if tuning.rehearsal else BuildFailed(answer["reason"])
    found.take(answer)
    return None


async def _spare_of(answer: Mapping[str, Any] | None, machine: Machine) -> Process | None:
    """The fork that goes on where a process has found that it is unfit itself."""
    if answer is None or answer["op"] != "dirty" or answer["pid"] is None:
        return None
    return await machine.process(answer["pid"])


async def _answer(link: Link) -> dict[str, Any] | None:
    async with asyncio.timeout(BUILD_TIMEOUT_S):
        return await link.receive()


async def _start(plan: ZygotePlan, log_path: str, machine: Machine) -> tuple[Process, Link]:
    ours, theirs = socket_pair()
    env = Variables(plan.env, ADDED_ENV, NOT_FOR_ZYGOTES)
    try:
        with theirs, machine.output(log_path) as log:
            process = await machine.start_guest(plan.python, "zygote", env, "/", log, theirs, plan.flags)
    except OSError as error:
        ours.close()
        raise BuildFailed(f"interpreter {plan.python!r} cannot be started: {fault(error)}") from None
    except BaseException:
        ours.close()
        raise
    return process, Link(ours)


def _request(plan: ZygotePlan, tuning: Tuning, found: _Findings) -> dict[str, Any]:
    return {
        "modules": [name for name in plan.modules if name not in found.left_out],
        "never": list(plan.never),
        "shared": list(plan.shared),
        "distributions": dict(plan.distributions),
        "rehearsal": tuning.rehearsal,
        "plug": tuning.plug,
        "immortal": tuning.immortal and not plan.draft,
        "spare": not plan.draft,
        **_of_rounds(plan, found),
    }


def _of_rounds(plan: ZygotePlan, found: _Findings) -> dict[str, Any]:
    """What every round may change."""
    changing = [name for name, why in found.left_out.items() if why.kind == "changed"]
    return {
        "left_out": list(found.left_out),
        "closely": sorted(found.closely),
        "changing": [*plan.changing, *changing],
    }


def _built(answer: dict[str, Any], found: _Findings) -> Built:
    return Built(
        features=tuple(answer["features"]),
        modules=answer["modules"],
        mapped=tuple(answer["mapped"]),
        failed=answer["failed"],
        left_out=dict(found.left_out),
        added=answer["added"],
        costs=dict(found.costs),
        build_s=time.monotonic() - found.started,
        rounds=found.rounds,
    )


async def _throw_away(process: Process, link: Link, *, at_once: bool = False) -> int | None:
    """How it ended; by itself, where it is about to and that is worth knowing."""
    link.close()
    if not (at_once or process.is_dead):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(EXIT_TIMEOUT_S):
                await process.dead()
    process.kill_group()
    return await asyncio.shield(process.dead())
