"""Why a code server did not start: the first line says enough alone, whatever was written, or nothing."""

from __future__ import annotations

import itertools
import subprocess
import sys

import pytest

from reef.decide.wake import RefuseCall, on_call
from reef.hosting.reasons import ending, with_lines
from reef.releasing.recording import over_limit, too_late
from reef.snapshots.record import RecordingLate
from reef.views import LocationView
from reef.words import headline

ENDINGS = [ending(status) for status in (None, 0, 1, 255, -9, -64)]
WRITTEN = [
    "",
    " \n\n",
    "one",
    "one\n",
    "\nfirst\n\nlast\n",
    "Traceback (most recent call last):",
    "says why:\n",
]


@pytest.mark.parametrize(("how", "lines"), list(itertools.product(ENDINGS, WRITTEN)))
def test_no_first_line_ends_at_a_colon(how: str, lines: str) -> None:
    said = headline(with_lines(f"the code server of 'x' {how} before it answered", lines))
    assert how in said
    assert not said.endswith(":")


def test_one_that_wrote_nothing_is_said_to_have_written_nothing() -> None:
    assert with_lines("it ended", "\n") == "it ended; it wrote nothing before that"


def written_by(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


CHAIN = """
print("starting", flush=True)
try:
    try:
        {}["REGION"]
    except KeyError as error:
        raise ValueError("no region") from error
except ValueError:
    raise RuntimeError("two\\nlines")
"""

HANDLED = """
import traceback
try:
    1 / 0
except ZeroDivisionError:
    traceback.print_exc()
raise SystemExit("it goes on\\n" * 9 + "end")
"""


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("print('one'); print('the licence is over'); raise SystemExit(3)", "the licence is over"),
        ("raise RuntimeError('the warehouse says no')", "RuntimeError: the warehouse says no"),
        (CHAIN, "KeyError: 'REGION'"),
        (HANDLED, "end"),
    ],
)
def test_the_first_line_has_the_line_that_tells_most(program: str, said: str) -> None:
    """What real interpreters write."""
    lines = written_by(program)
    reason = with_lines("it ended", lines)
    assert headline(reason) == f"it ended; it wrote: {said}"
    assert all(line in reason for line in lines.splitlines())


LATE = [
    too_late("loading its code", "", 179.936),
    too_late("loading its code", "/x/defs.py:3", 600),
    str(RecordingLate("making its jobs", 0.5)),
    over_limit(0, 0),
]


@pytest.mark.parametrize("reason", LATE)
def test_a_reason_is_whole(reason: str) -> None:
    assert headline(reason) == reason
    assert "179.9" not in reason


def test_late_says_what_it_was_doing_and_names_the_setting() -> None:
    said = "it did not load within its load_timeout of 180 s: its code server was still loading its code (/x/defs.py:3)"
    assert too_late("loading its code", "/x/defs.py:3", 179.936) == said


@pytest.mark.parametrize("error", [None, "", "why"])
@pytest.mark.parametrize("failures", [4, 5])
def test_a_refused_call_is_told_why(failures: int, error: str | None) -> None:
    answer = on_call(LocationView("x", "failed", failures=failures, failed_at=0.0, last_error=error), 0.5)
    assert isinstance(answer, RefuseCall)
    assert answer.reason.endswith(error or "no reason known")
