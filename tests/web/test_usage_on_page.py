"""What a location should request, on its page: from the real rule."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from sites import FakeHost, site

from reef.decide.sizing.proposal import MIB, Has
from reef.decide.sizing.stretches import DAY_S, Spread, Stretch
from reef.decide.sizing.used import Watch
from reef.usage.about import about
from reef.usage.history import Seen
from reef.usage.judging import judged
from reef.web.usage_view import usage_view

FIRST, DAYS = 20_000 * DAY_S, 14


def fortnight() -> dict[str, Any]:
    """A location that used 200 MiB every hour of two weeks, with a limit of 4 GiB."""
    flat = Spread(200 * MIB, 200 * MIB, 200 * MIB)
    hours = [
        Stretch(start=FIRST + number * 3600, awake_s=3600, own=flat, whole=flat, cpu=Spread(0.05, 0.05, 0.2))
        for number in range(DAYS * 24)
    ]
    days = frozenset(FIRST // DAY_S + day for day in range(DAYS))
    watch = Watch(FIRST, FIRST + DAYS * DAY_S, DAYS * DAY_S, days)
    return judged(
        "sales", Seen(tuple(hours), watch), Has(memory_limit=4096 * MIB, placement="packed"), 0.0
    ).to_json()


def test_a_proposal_is_shown_with_what_is_set_and_why() -> None:
    found = fortnight()
    view = usage_view(found)
    assert view.watched == "watched for 14 d, awake for 14 d"
    assert ("memory of its own, MB", "210", "210", "210") in view.used
    limit = next(one for one in view.here if one.what == "memory limit")
    assert limit.now == "4,295 MB"
    assert limit.why == found["proposal"]["memory_limit_bytes"]["why"]
    assert float(limit.proposed.split()[0].replace(",", "")) < 4_295
    assert {one.what for one in view.pod} == {"memory request", "memory limit", "processor request"}


def test_without_days_to_judge_by_it_says_so(tmp_path: Path) -> None:
    view = usage_view(about(tmp_path, "sales", Has(placement="packed")))
    assert (view.used, view.here, view.pod) == ((), (), ())
    assert "needs a day" in view.none_because


def test_it_is_asked_for_after_the_page(tmp_path: Path) -> None:
    async def main() -> None:
        host = FakeHost(usage=fortnight())
        async with site(tmp_path, host) as listening:
            page = (await listening.ask("/location/sales"))[1]
            assert 'data-late="/api/part/usage?name=sales"' in page
            code, part, _ = await listening.ask("/api/part/usage?name=sales")
            assert (code, "4,295 MB" in part, "<html" in part) == (200, True, False)
            code, text, _ = await listening.ask("/api/usage?name=sales")
            assert (code, json.loads(text)["location"]) == (200, "sales")
            assert (await listening.ask("/api/usage?name=nobody"))[0] == 404

    asyncio.run(main())


def test_a_host_that_keeps_no_history_has_no_such_part(tmp_path: Path) -> None:
    async def main() -> None:
        async with site(tmp_path) as listening:
            assert "data-late" not in (await listening.ask("/location/sales"))[1]
            assert (await listening.ask("/api/part/usage?name=sales"))[0] == 404

    asyncio.run(main())
