"""Whether a deploy goes on, as tables. The clock is the numbers that come in."""

from __future__ import annotations

import pytest

from reef.decide.gate import Halt, Pass, Soak, Trouble, Wait, Watched, judge

KNOWN = frozenset({("looking", "SensorExecutionError: ValueError")})
ONE = Watched("a", "new", since=100.0, known=KNOWN)


def tick(error: str = "SensorExecutionError: KeyError", **changes: object) -> Trouble:
    values: dict[str, object] = {"name": "looking", "version": "new", "at": 105.0, **changes}
    return Trouble("tick", (str(values["name"]), error), f"{error} of it", values["version"], values["at"])  # type: ignore[arg-type]


def crash(version: str | None = "new", at: float = 105.0) -> Trouble:
    return Trouble("server", ("server", ""), "it crashed", version, at)


@pytest.mark.parametrize(
    ("trouble", "halts"),
    [
        (tick(), True),
        (tick("SensorExecutionError: ValueError"), False),  # it failed so before
        (tick("SensorExecutionError: ValueError", name="another"), True),  # that one did not
        (tick("DEADLINE_EXCEEDED"), True),
        (tick(version="old"), False),  # the old child ends its calls
        (tick(version=None), True),  # nobody could be woken
        (tick(at=99.0), False),  # before it was promoted
        (tick(version=None, at=99.0), False),
        (Trouble("call", ("ExecutionPlanSnapshot", "INTERNAL"), "INTERNAL", "new", 101.0), True),
        (crash(), True),
        (crash("old"), False),
        (crash(at=99.0), False),  # the same version crashed before: it is promoted now
    ],
)
def test_what_halts(trouble: Trouble, halts: bool) -> None:
    found = judge(Soak(100.0, 60.0, [ONE]), {"a": [trouble]}, now=106.0)
    assert found == (Halt({"a": trouble.text}) if halts else Wait(54.0))


def test_a_crash_is_never_what_was_there_before() -> None:
    one = Watched("a", "new", 100.0, frozenset({("server", "")}))
    assert isinstance(judge(Soak(100.0, 60.0, [one]), {"a": [crash()]}, 106.0), Halt)


@pytest.mark.parametrize(
    ("soak_s", "now", "expected"),
    [
        (0.0, 100.0, Pass()),
        (60.0, 100.0, Wait(60.0)),
        (60.0, 159.5, Wait(0.5)),
        (60.0, 160.0, Pass()),
        (60.0, 1e9, Pass()),
    ],
)
def test_how_long_it_is_watched(soak_s: float, now: float, expected: Wait | Pass) -> None:
    assert judge(Soak(100.0, soak_s, [ONE]), {}, now) == expected


def test_the_first_trouble_of_each_is_told_and_a_refusal_before_it() -> None:
    other = Watched("b", "new", 100.0)
    soak = Soak(100.0, 60.0, [ONE, other], {"c": "it does not load"})
    troubles = {"a": [tick("second", at=107.0), tick("first", at=103.0)], "b": [], "c": []}
    assert judge(soak, troubles, 110.0) == Halt({"c": "it does not load", "a": "first of it"})


def test_trouble_at_the_end_halts_all_the_same() -> None:
    assert isinstance(judge(Soak(100.0, 5.0, [ONE]), {"a": [tick()]}, now=200.0), Halt)
