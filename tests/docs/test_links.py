"""Links between pages lead somewhere, files and functions that pages name exist, and words are the project's own."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from pages import ROOT, anchor, code_in, first_cells, pages, sections

LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for found in LINK.findall(page.read_text("utf-8")):
        target = found[0] or found[1]
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, fragment = target.partition("#")
        there = (page.parent / path) if path else page
        assert there.exists(), f"{page.name}: {target}"
        if fragment:
            assert fragment in {anchor(heading) for heading in sections(there)}, f"{page.name}: {target}"


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_files_that_a_page_names_exist(page: Path) -> None:
    named = [
        code
        for code in code_in(page.read_text("utf-8"))
        if re.match(r"(src|tests|benchmarks|docs)/[\w/.]+$", code)
    ]
    missing = [code for code in named if not (ROOT / code).exists()]
    assert missing == []


def test_functions_that_the_page_on_forks_names_exist() -> None:
    page = sections(ROOT / "docs" / "fork-safety.md")
    rows = [
        line
        for line in page["What a fork carries over, and what the child does about it"]
        if line.startswith("| ")
    ]
    named = [code for row in rows[1:] for code in code_in(row.rsplit("|", 2)[1])]
    assert len(named) > 20
    module = None
    for code in named:
        name, _, function = code.partition(".")
        if function or (ROOT / "src" / "reef" / "guest" / f"{name}.py").exists():
            module = importlib.import_module(f"reef.guest.{name}")
        else:
            function = code  # a second function of the module before it
        assert module is not None
        assert not function or hasattr(module, function), code


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop().resolve()
        if page in reached or page.suffix != ".md" or not page.exists():
            continue
        reached.add(page)
        targets = [found[0].partition("#")[0] for found in LINK.findall(page.read_text("utf-8"))]
        waiting += [page.parent / target for target in targets if target and "://" not in target]
    assert {path.resolve() for path in pages()} - reached == set()


def test_the_settings_that_the_reference_shows_are_in_tables() -> None:
    """Configuration and commands are looked up: a table with nothing in it would be a slip."""
    for name in ("configuration.md", "commands.md"):
        page = ROOT / "docs" / name
        assert sum(len(first_cells(lines)) for lines in sections(page).values()) > 30
