"""Files of NAME=VALUE lines mean what python-dotenv, and so Dagster, takes them to mean."""

from __future__ import annotations

import io

import dotenv
import pytest

from reef.errors import ReefError
from reef.fleet.dotenv import parse_env

_TEXTS = (
    "",
    "A=1\nB=2",
    "export A=1\r\nB = 2 \r\n",
    "# a comment\n\n  # another\nA=1 # why\nB=a#b\nC='x # y' # z\n",
    "A=\nB=''\nC=\"\"\nNAME_ONLY\nD=4\n",
    'A=\'it\\\'s\'\nB="line\\nbreak\\t\\"q\\""\nC=plain\\n\n',
    "A=\"two\nlines\"\nB='three\n\nlines'\nC=1\n",
    "A=1\nB=${A}2\nC='${A}'\nD=${MISSING}x\nE=${MISSING:-d}\nF=$A\nG=${OUTER}\n",
    "A=${OUTER}\nOUTER=inner\nB=${OUTER}\n",
    "URL=postgres://u:p@h/d?x=1&y=2\nK=a=b=c\n",
    "Ü=ö\nA.B-C=1\n'quoted name'=1\n",
    "A=1\nA=2\n",
    "   A=1\n\tB=2\n",
)


@pytest.mark.parametrize("text", _TEXTS)
def test_read_as_dotenv_reads(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTER", "outer")
    monkeypatch.delenv("MISSING", raising=False)
    theirs = dotenv.dotenv_values(stream=io.StringIO(text))
    assert parse_env(text, {"OUTER": "outer"}) == {k: v for k, v in theirs.items() if v is not None}


def test_an_open_quote_is_an_error_with_its_line() -> None:
    with pytest.raises(ReefError, match=r"^\.env:2: is not NAME=VALUE"):
        parse_env("A=1\nB='open\nC=2\n", {})
