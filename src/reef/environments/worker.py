"""The process that surveys: walking fifty site-packages folders is not for the host's own memory or loop.

Reads one JSON object from stdin, `{"pythons": [...], "cache": folder or null, "timeout_s": n}`; writes one
line of JSON for each interpreter, in the order in which they are done.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path

import msgspec

from reef.environments.ask import Facts, ask, end_all
from reef.environments.filehash import FileHashes
from reef.environments.model import Environment, EnvironmentProblem
from reef.environments.survey import Survey
from reef.words import describe


class Answer(msgspec.Struct):
    python: str
    environment: Environment | None = None
    problem: EnvironmentProblem | None = None


class Request(msgspec.Struct):
    pythons: list[str]
    cache: str | None
    timeout_s: float


def cores() -> int:
    return len(os.sched_getaffinity(0))


def survey(request: Request) -> Iterator[Answer]:
    """Ask the interpreters side by side, read their files one environment after the other."""
    hashes = FileHashes(Path(request.cache) / "files.sqlite" if request.cache else None)
    with ThreadPoolExecutor(cores()) as asking, ThreadPoolExecutor(cores()) as reading:
        surveyor = Survey(hashes, lambda do, paths: reading.map(do, paths, chunksize=1))
        waiting = {asking.submit(ask, python, request.timeout_s): python for python in request.pythons}
        for done in as_completed(waiting):
            yield _answer(surveyor, waiting[done], done)
    hashes.save()


def _answer(surveyor: Survey, python: str, done: Future[Facts | EnvironmentProblem]) -> Answer:
    facts = done.result()
    if isinstance(facts, EnvironmentProblem):
        return Answer(python, problem=facts)
    found = _settled(surveyor, python, facts)
    if isinstance(found, EnvironmentProblem):
        return Answer(python, problem=found)
    return Answer(python, environment=found)


def _settled(
    surveyor: Survey, python: str, facts: Facts, attempts: int = 3
) -> Environment | EnvironmentProblem:
    """Files may vanish while an installer works: then look again, a few times."""
    for _ in range(attempts - 1):
        try:
            return surveyor.environment(python, facts)
        except OSError:
            continue
    try:
        return surveyor.environment(python, facts)
    except OSError as error:
        hint = "wait until nothing is being installed there, then try again"
        return EnvironmentProblem(
            python, f"the environment of {python} cannot be read: {describe(error)}", hint
        )


def _leave(*_: object) -> None:
    end_all()
    os._exit(1)


def main() -> None:
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the host, which then ends us
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=Request)
    for answer in survey(request):
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()
