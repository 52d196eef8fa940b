"""The report: bars judge rightly, JSON has the promised shape, the drawing is well-formed."""

from __future__ import annotations

import argparse
import json
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest

from report import Report, emit, svg, table

SETTING = {"python": "3.12", "dagster": "1.13", "cores": 2, "quick": True}


def _args(**chosen: object) -> argparse.Namespace:
    return argparse.Namespace(**{"json": False, "svg": None, **chosen})


@pytest.fixture
def report() -> Report:
    report = Report("Density <&> more", dict(SETTING))
    report.figure("asleep", "Reef, all of it", 120.0, "MB")
    report.figure("asleep", "a standing server each", 4800.0, "MB", estimated=True)
    report.at_most("asleep ratio", 120 / 4800, 1 / 30, "")
    return report


def test_a_bar_holds_at_its_limit_and_fails_beyond(report: Report) -> None:
    report.at_most("at the limit", 90.0, 90.0, "ms")
    report.at_least("times sooner", 14.0, 14.0, "x")
    assert report.holds
    report.at_most("beyond", 90.1, 90.0, "ms")
    assert [bar.holds for bar in report.bars] == [True, True, True, False]
    assert not report.holds


def test_exit_status_tells_whether_all_hold(report: Report, capsys: pytest.CaptureFixture[str]) -> None:
    assert emit(report, _args()) == 0
    report.at_least("too slow", 3.0, 5.0, "x")
    assert emit(report, _args()) == 1
    assert "FAILS" in capsys.readouterr().out


def test_json_has_the_bars(report: Report, capsys: pytest.CaptureFixture[str]) -> None:
    emit(report, _args(json=True))
    printed = json.loads(capsys.readouterr().out)
    (bar,) = printed["bars"]
    assert set(bar) == {"name", "value", "unit", "bar", "holds"}
    assert bar["holds"] is True
    assert bar["value"] == pytest.approx(0.025)


def test_an_estimated_figure_is_marked(report: Report) -> None:
    lines = table(report).splitlines()
    assert any("4,800*" in line for line in lines)
    assert any("120" in line and "120*" not in line for line in lines)
    assert "(estimated)" in svg(report)


def test_the_drawing_is_xml_with_a_bar_for_each_figure(report: Report, tmp_path: Path) -> None:
    emit(report, _args(svg=tmp_path / "x.svg"))
    root = xml.parse(tmp_path / "x.svg").getroot()
    space = "{http://www.w3.org/2000/svg}"
    widths = [float(rect.get("width", "0")) for rect in root.iter(f"{space}rect") if rect.get("rx")]
    assert len(widths) == 2
    assert widths[0] / widths[1] == pytest.approx(120 / 4800, rel=0.01)
