"""Pages that quote messages and words: the code says these messages, and every word of the design is explained."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from pages import ROOT, sections

from reef.fleet.model import Placement

DOCS = ROOT / "docs"
QUOTED = (
    "is still loading; a line here will say what became of it",
    "it did not load within",
    "its code server was still",
    "counts only when a program is started",
    "hides the installed one",
    "which is read on import, differs from the others'",
    "its zygote was still being built",
    "the last fork did not succeed",
    "no zygote is planned for it",
    "only CPython can be forked",
    "a wake that needs it imports it",
    "stays, for the next one failed",
    "it would remove",
    "the next wake may serve it all the same, for what is served cannot be pinned",
    "is no longer what it was",
    "which is outside its source",
    "which is too wide a folder to be copied",
    "is not kept",
    "was served before",
    "its server cannot be reached",
    "in a row, next attempt in",
    "no Reef host is running",
    "Reef hosts are running",
    "cannot be written to",
    "what it answers could not be stored",
    "a Dagster daemon reported to the instance of",
    "another Reef host",
    "already uses",
)


@pytest.fixture(scope="module")
def said() -> str:
    """All that the host and the command line may say."""
    files = (ROOT / "src" / "reef").rglob("*.py")
    return "\n".join(path.read_text("utf-8") for path in files)


@pytest.mark.parametrize("words", QUOTED)
def test_a_message_that_troubleshooting_quotes_is_said(words: str, said: str) -> None:
    assert words in (DOCS / "troubleshooting.md").read_text("utf-8")
    assert words in said


def bold(text: str) -> set[str]:
    return {word for found in re.findall(r"\*\*([^*]+)\*\*", text) for word in found.split(" / ")}


def test_every_word_of_the_design_is_in_the_glossary() -> None:
    words = bold("\n".join(sections(DOCS / "design.md")["2. Words"]))
    assert "location snapshot" in words
    assert words <= bold((DOCS / "glossary.md").read_text("utf-8"))


def test_the_glossary_is_in_order() -> None:
    words = re.findall(r"^\| \*\*([^*]+)\*\*", (DOCS / "glossary.md").read_text("utf-8"), re.MULTILINE)
    assert words == sorted(words, key=str.lower)


def test_every_placement_has_its_section() -> None:
    assert set(get_args(Placement)) <= sections(DOCS / "placements.md").keys()
