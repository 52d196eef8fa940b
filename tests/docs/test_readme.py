"""README.md: its figures are those of docs/benchmarks.md, its columns those of `reef status`; how it begins."""

from __future__ import annotations

import re

import pytest
from pages import ROOT, code_in, sections

from reef.cli.status_table import COLUMNS

README = ROOT / "README.md"
PYTHON = "3.13"
Table = dict[str, dict[str, str]]
"""First cell of each row -> heading of the column -> cell."""

SOURCES = {
    "memory, all asleep": {
        "Reef": ("50 asleep, one environment: Reef / standing", 0),
        "a server for each location": ("50 asleep, one environment: Reef / standing", 1),
    },
    "memory, all warm": {
        "Reef": ("50 warm, no instance", 0),
        "a server for each location": ("50 warm, no instance", 1),
    },
    "the webserver shows all, first start": {
        "Reef": ("webserver shows all 50, first start: Reef, one `workspace.yaml`", 0),
        "one `workspace.yaml`": ("webserver shows all 50, first start: Reef, one `workspace.yaml`", 1),
    },
    "the webserver shows all, later starts": {
        "Reef": ("webserver shows all 50, second start: Reef, one `workspace.yaml`", 0),
        "one `workspace.yaml`": ("webserver shows all 50, second start: Reef, one `workspace.yaml`", 1),
    },
    "a sensor tick that meets a sleeping location; a server's start to the same answer": {
        "Reef": ("cold start, p50 / p99", 0),
        "a server for each location": ("a standing server's start to the same answer", 0),
    },
    "a shared library changed, all serve it": {
        "Reef": ("a shared library changed under 50: Reef, standing servers", 0),
        "a server for each location": ("a shared library changed under 50: Reef, standing servers", 1),
        "one `workspace.yaml`": ("the same, one `workspace.yaml`", 0),
    },
}
"""Row of the README -> column -> where docs/benchmarks.md has it: a row's first cell, and which of its amounts."""


def table(lines: list[str]) -> Table:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    heading, _, *body = rows
    return {row[0]: dict(zip(heading[1:], row[1:], strict=True)) for row in body}


def amounts(cell: str) -> list[str]:
    """`149 / 4,803 MB = 1/32.1` -> 149 MB, 4,803 MB: what is measured, without the ratio."""
    measured = re.split(r" = |: ", cell)[0]
    parts = re.split(r" / |, (?=\d)", measured)
    unit = parts[-1].split()[-1]
    return [part if part.endswith(f" {unit}") else f"{part} {unit}" for part in parts]


@pytest.fixture(scope="module")
def measured() -> Table:
    page = sections(ROOT / "docs" / "benchmarks.md")
    return table(page["Figures"]) | table(page["Rollouts"])


@pytest.fixture(scope="module")
def shown() -> Table:
    return table(sections(README)["What it costs"])


def test_what_is_measured_is_read_as_it_is_meant() -> None:
    assert amounts("149 / 4,803 MB = 1/32.1") == ["149 MB", "4,803 MB"]
    assert amounts("1,157 ms: 1/21.4") == ["1,157 ms"]
    assert amounts("9.1 s, 76 s = 8.4 ×") == ["9.1 s", "76 s"]


def test_every_figure_is_that_of_the_benchmarks(shown: Table, measured: Table) -> None:
    wanted = {
        row: {column: amounts(measured[source][PYTHON])[at] for column, (source, at) in columns.items()}
        for row, columns in SOURCES.items()
    }
    written = {row: {name: cell for name, cell in cells.items() if cell} for row, cells in shown.items()}
    assert written == wanted
    assert f"Python {PYTHON}" in " ".join(sections(README)["What it costs"])


def test_round_figures_of_the_first_lines_are_near_what_was_measured(
    measured: Table,
) -> None:
    text = " ".join(sections(README)["Reef"])
    of_all = measured["50 asleep, one environment: Reef / standing"][PYTHON]
    standing_mb = int(amounts(of_all)[1].split()[0].replace(",", "")) / 50
    cold_ms = int(amounts(measured["cold start, p50 / p99"][PYTHON])[0].split()[0])
    assert int(re.findall(r"some (\d+) MB", text)[0]) == pytest.approx(standing_mb, rel=0.15)
    assert int(re.findall(r"some (\d+) ms", text)[0]) == pytest.approx(cold_ms, rel=0.15)


def test_the_first_command_is_within_the_first_ten_lines() -> None:
    first = README.read_text("utf-8").splitlines()[:10]
    assert any(line.startswith("pip install") for line in first)
    assert "reef up" in first


def test_the_capture_has_the_columns_of_today() -> None:
    (heading,) = [line for line in sections(README)["What you see"] if line.startswith("LOCATION")]
    assert re.split(r"  +", heading) == list(COLUMNS)


def test_every_folder_has_a_row_in_the_map_for_contributors() -> None:
    named = set(code_in("\n".join(sections(ROOT / "CONTRIBUTING.md")["To change this, open that"])))
    folders = {f"src/reef/{path.parent.name}" for path in (ROOT / "src" / "reef").glob("*/__init__.py")}
    assert folders <= named
