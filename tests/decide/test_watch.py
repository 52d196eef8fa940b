"""Whom a changed path concerns, as tables."""

from __future__ import annotations

import pytest

from reef.decide.load_errors import brief
from reef.decide.watch import Concerns, Followed, poll_pause_s
from reef.decide.watch_lines import Outcome, lines
from reef.wire.serdes import ErrorInfo

SALES = Followed(
    roots=frozenset({"/f/sales"}),
    folders=frozenset({"/f/sales", "/f/sales/defs", "/f/configs"}),
    files=frozenset({"/f/shared/names.py", "/f/sales/.env", "/f/shared/.hidden.tmp"}),
    excluded=frozenset({"/f/sales/loaded.log"}),
)
STOCK = Followed(
    roots=frozenset({"/f/stock"}),
    folders=frozenset({"/f/stock"}),
    files=frozenset({"/f/shared/names.py"}),
)


@pytest.mark.parametrize(
    ("path", "whom"),
    [
        ("/f/sales/defs.py", {"sales"}),
        ("/f/sales/defs/new.py", {"sales"}),  # new files in a source root count
        ("/f/sales/node_modules/x.py", set()),  # a folder in which nothing counts is none of its folders
        ("/f/sales/data.csv", {"sales"}),
        ("/f/configs/new.yaml", {"sales"}),  # a folder that the load listed
        ("/f/shared/names.py", {"sales", "stock"}),
        ("/f/shared/other.py", set()),
        ("/f/sales/.env", {"sales"}),
        ("/f/sales/loaded.log", set()),  # its own load writes it
        ("/f/sales/.defs.py.swp", set()),
        ("/f/sales/defs.py~", set()),
        ("/f/sales/__pycache__", set()),
        ("/f/shared/.hidden.tmp", {"sales"}),  # it was read, whatever it is called
        ("/f/sales", {"sales"}),  # moved away, or back
        ("/f", {"sales", "stock"}),
        ("/f/shared", {"sales", "stock"}),
        ("/elsewhere/x.py", set()),
    ],
)
def test_whom_a_path_concerns(path: str, whom: set[str]) -> None:
    concerned = Concerns({"sales": SALES, "stock": STOCK}).of([path])
    assert concerned == dict.fromkeys(whom, (path,))


def test_what_has_to_be_watched_for_it() -> None:
    assert SALES.to_watch() == {"/f/sales", "/f/sales/defs", "/f/configs", "/f/shared", "/f"}


@pytest.mark.parametrize(("took_s", "pause_s"), [(0.0, 1.0), (0.05, 1.0), (0.5, 5.0), (60.0, 30.0)])
def test_looks_cost_a_tenth_of_the_time_at_most(took_s: float, pause_s: float) -> None:
    assert poll_pause_s(took_s) == pause_s


def promoted(count: int) -> list[Outcome]:
    return [Outcome(f"l{number}", "promoted") for number in range(count)]


@pytest.mark.parametrize(
    ("outcomes", "paths", "said"),
    [
        ([], ["/f/a.py"], []),
        (promoted(1), ["/f/a.py"], ["watch: a.py changed: l0 promoted in 1.5 s"]),
        (
            promoted(50),
            ["/f/a.py", "/f/b.py"],
            ["watch: a.py and 1 more changed: 50 locations promoted in 1.5 s"],
        ),
        (promoted(1), [], ["watch: l0 promoted in 1.5 s"]),
        (
            [*promoted(2), Outcome("x", "failed", "NameError: n (/f/x.py:3)")],
            ["/f/a.py"],
            ["watch: a.py changed: l0, l1 promoted, x does not load in 1.5 s", "  x: NameError: n (x.py:3)"],
        ),
        (
            [Outcome("p", "pinned", "waits for wave 2")],
            ["/f/a.py"],
            [
                "watch: a.py changed: p is pinned and goes on as it is (waits for wave 2); `reef deploy p` takes the "
                "change"
            ],
        ),
    ],
)
def test_one_line_for_a_round(outcomes: list[Outcome], paths: list[str], said: list[str]) -> None:
    assert lines(outcomes, paths, 1.5, "/f") == said


def test_of_many_that_do_not_load_the_first_are_told() -> None:
    outcomes = [Outcome(f"l{number}", "failed", "broken") for number in range(9)]
    said = lines(outcomes, ["/f/a.py"], 1.0, "/f")
    assert said[0] == "watch: a.py changed: 9 locations do not load in 1.0 s"
    assert said[-1] == "  and 4 more: see `reef status`"
    assert len(said) == 7


FRAMES = (
    '  File "/v/lib/python3.11/site-packages/dagster/x.py", line 7, in load\n    load()\n',
    '  File "/f/sales/defs.py", line 12, in <module>\n    import shared.names\n',
    '  File "/f/shared/names.py", line 3, in <module>\n    NAMES\n',
    '  File "/usr/lib/python3.11/json/__init__.py", line 346, in loads\n    return\n',
)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ErrorInfo("NameError: no NAMES\n", FRAMES), "NameError: no NAMES (/f/shared/names.py:3)"),
        (
            ErrorInfo(
                "LoadError: in defs.py\n",
                FRAMES[:1],
                cause=ErrorInfo(
                    '  File "/f/sales/defs.py", line 4\n    def half(:\n             ^\nSyntaxError: invalid syntax\n'
                ),
            ),
            "SyntaxError: invalid syntax (/f/sales/defs.py:4)",
        ),
        (ErrorInfo("It took too long\nand more", FRAMES[:1]), "It took too long"),
        (ErrorInfo("", (), "KeyError"), "KeyError"),
        (ErrorInfo("x" * 500), "x" * 199 + "…"),
    ],
)
def test_a_load_error_in_one_line(error: ErrorInfo, said: str) -> None:
    assert brief(error) == said
