"""What a page may ask of whoever it shows, one machine or a cluster: all that is drawn from it must be there."""

from __future__ import annotations

import time

from rich.text import Text
from status_rows import row, status

from reef.cli.top_screen import screen
from reef.cli.top_state import TopState, shown
from reef.web.chronicle import Chronicle
from reef.web.fleet_view import rows_of, totals_of
from reef.web.location_whole import location_view
from reef.web.plain import fleet_json
from reef.web.series import Series
from reef.web.told import Detail, Told


async def holds(told: Told, name: str) -> None:
    """`name` is one of its locations."""
    found = await told.status()
    wanted = status(row("any"))
    for key in ("host", "totals", "fleet"):
        assert found[key].keys() >= wanted[key].keys(), key
    assert found.keys() >= wanted.keys()
    for each in found["locations"]:
        assert each.keys() >= wanted["locations"][0].keys(), each["name"]
    chronicle, series = Chronicle(lambda _name: False), Series()
    for second in (0, 15):
        series.add(time.time() + second, found)
    rows = rows_of(found, chronicle, series)
    assert name in {each.name for each in rows}
    assert totals_of(found, rows, series).locations == len(rows)
    detail = await told.detail(name)
    assert isinstance(detail, Detail)
    one = next(each for each in found["locations"] if each["name"] == name)
    assert location_view(found, one, detail, chronicle, series, told.about().dagster).name == name
    whole = fleet_json(found, chronicle, series)
    for chosen in (TopState(), TopState(open=name)):
        drawn = screen(whole, shown(whole["locations"], chosen), chosen, 100, 30, "")
        assert isinstance(drawn, Text)
        assert name in drawn.plain
