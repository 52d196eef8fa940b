"""Numbers, errors and reasons in words: with nothing, with one, with many."""

from __future__ import annotations

import asyncio
import subprocess

import pytest

from reef.words import because, classed, count, describe, fault, headline, is_longer, seconds, shortened


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 code locations"), (1, "1 code location"), (2, "2 code locations")]
)
def test_a_number_and_its_noun_agree(number: int, said: str) -> None:
    assert count(number, "code location") == said


def test_a_noun_that_takes_no_s() -> None:
    assert [count(n, "process", "processes") for n in (1, 2)] == ["1 process", "2 processes"]


SILENT = [
    TimeoutError(),
    asyncio.CancelledError(),
    KeyError(),
    OSError(),
    ValueError(" \n"),
    Exception(""),
    StopIteration(),
]
TALKING = [
    KeyError("x"),
    OSError(2, "No such file", "/x"),
    ValueError("bad"),
    subprocess.TimeoutExpired("git", 3),
]


@pytest.mark.parametrize("error", [*SILENT, *TALKING], ids=repr)
def test_an_exception_always_says_something(error: BaseException) -> None:
    for said in (describe(error), classed(error)):
        assert said.strip() == said
        assert said
        assert not said.endswith(":")


def test_an_exception_is_said_as_it_says_itself() -> None:
    assert fault(OSError(2, "No such file", "/x")) == "No such file"
    assert fault(OSError()) == "OSError"
    assert describe(TimeoutError()) == "it took too long (TimeoutError)"
    assert describe(KeyError("REGION")) == "no key 'REGION'"
    assert describe(ValueError("bad")) == "bad"
    assert classed(ValueError("bad")) == "ValueError: bad"


@pytest.mark.parametrize(
    ("text", "said", "longer"),
    [
        (None, "", False),
        ("", "", False),
        ("\n \n", "", False),
        ("one", "one", False),
        ("one\ntwo", "one", True),
        ("it ended; it wrote:\n\n  why\nmore", "it ended; it wrote: why", True),
        ("a:\nb:\nc", "a: b: c", False),
        ("nobody knows:\n", "nobody knows", False),
        (
            "The command\n\n`dbt parse`\n\nfailed with 2. See\nthe log",
            "The command `dbt parse` failed with 2. See",
            True,
        ),
        ("It failed.\n`x` is missing", "It failed.", True),
    ],
)
def test_a_headline_says_enough_alone(text: str | None, said: str, longer: bool) -> None:
    assert headline(text) == said
    assert is_longer(text) is longer


@pytest.mark.parametrize(("why", "said"), [(None, "it failed"), (" ", "it failed"), ("x", "it failed: x")])
def test_no_colon_before_nothing(why: str | None, said: str) -> None:
    assert because("it failed", why) == said


@pytest.mark.parametrize(
    ("number", "said"), [(179.936, "180 s"), (3600, "3600 s"), (4, "4 s"), (0.5, "0.5 s"), (3.9, "3.9 s")]
)
def test_seconds_are_rounded_for_people(number: float, said: str) -> None:
    assert seconds(number) == said


def test_what_is_cut_off_is_marked() -> None:
    assert shortened("abcdef", 4) == "abc…"
    assert shortened("abcd", 4) == "abcd"
