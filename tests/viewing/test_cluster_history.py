"""The history of a cluster in a real PostgreSQL: what was looked at is there for who asks later, whoever wrote it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

import psycopg
import pytest
from looped import looped
from processes_of_reef import MB

from reef.cluster.kinds import Document
from reef.controller.book import Book, KeptVersion
from reef.controller.postgres import PostgresBooks
from reef.decide.cluster.verdicts import RefusedVersion
from reef.decide.sizing.stretches import DAY_S, Spread, Stretch
from reef.peers.messages import ServedNow
from reef.records.postgres import Database, DatabaseAway, NotLeader
from reef.records.postgres_reading import PostgresReading
from reef.usage.recorded import HOUR_S, MINUTE_S, Entry, all_seen, seen_of, watched
from reef.viewing.books import BooksRead
from reef.viewing.counting import Counting, CountsOfOne, More
from reef.viewing.history import ClusterHistory
from reef.viewing.keeping import Keeping
from reef.viewing.seen import Look, ServerSeen
from reef.viewing.usage import decoded, encoded, usage_of, usage_on_page

START = 1_800_000_000 // DAY_S * DAY_S


@pytest.fixture
def history(url: str) -> Iterator[ClusterHistory]:
    found = ClusterHistory(url, "dagster", 1)
    yield found
    found.close()


def stretch(start: int, memory: float = 100 * MB, **more: float) -> Stretch:
    spread = Spread(memory, memory, memory)
    return Stretch(start, 60, own=spread, whole=Spread(2 * memory, 2 * memory, 2 * memory), **more)  # type: ignore[arg-type]


def test_minutes_become_hours_and_are_read_by_location(history: ClusterHistory) -> None:
    for minute in range(90):
        at = START + minute * MINUTE_S
        found = {"sales": stretch(at, calls=2), **({"risk": stretch(at)} if minute < 5 else {})}
        history.add_minutes([(at, 60, found)])
    now = START + 90 * MINUTE_S
    history.make_hours(now)
    history.make_hours(now)
    seen = seen_of(history, "sales")
    assert [each.start for each in seen.stretches] == [START, *range(START + HOUR_S, now, MINUTE_S)]
    assert seen.stretches[0].calls == 120
    assert seen.watch.seconds == 5400
    assert seen_of(history, "risk").stretches[0].awake_s == 300
    assert seen_of(history, "nobody").stretches == ()
    assert set(all_seen(history)) == {"sales", "risk"}


def test_what_is_old_or_too_much_goes(history: ClusterHistory) -> None:
    days = range(START, START + 40 * DAY_S, DAY_S)
    for day in days:
        history.add_minutes([(day, 60, {"sales": stretch(day)})])
        history.make_hours(day + HOUR_S)
    now = days[-1] + HOUR_S
    history.prune(now, 30)
    assert watched(history).first >= now - 30 * DAY_S
    assert [start for start, _, _ in history.each("minutes", 0, "")] == [days[-1]]
    history.prune(now, 30, most_bytes=history.size() // 2)
    assert 0 < len(list(history.each("hours", 0, ""))) < 16
    assert watched(history).last > now - DAY_S, "the newest stay"


def test_a_page_that_was_replaced_writes_nothing_more(history: ClusterHistory, url: str) -> None:
    history.add_minutes([(START, 60, {})])
    newer = ClusterHistory(url, "dagster", 2)
    newer.add_minutes([(START + 60, 60, {})])
    with pytest.raises(NotLeader):
        history.add_minutes([(START + 120, 60, {})])
    assert watched(history).seconds == 120, "it still reads"
    newer.close()


def test_it_does_not_fence_the_controller_of_its_namespace(history: ClusterHistory, url: str) -> None:
    history.add_minutes([(START, 60, {})])
    with psycopg.connect(url) as db:
        rows = db.execute("SELECT namespace FROM reef.leader").fetchall()
    assert rows == [("dagster/page",)]


def test_thirty_days_of_five_hundred_locations_take_less_than_50_mb(history: ClusterHistory) -> None:
    """All awake all day: an hour and a minute of them are written, and counted as often as they are kept."""
    chance = random.Random(7)

    def all_of(start: int) -> dict[str, Stretch]:
        def one() -> Stretch:
            low = chance.uniform(60e6, 400e6)
            own = Spread(low, low * 1.1, low * 1.4)
            return Stretch(
                start, 3600, own, Spread(low * 2, low * 2.1, low * 2.5), low * 1.2, Spread(0.01, 0.2, 0.9),
                chance.uniform(1, 60), 600, chance.randrange(400), chance.randrange(9),
            )  # fmt: skip

        return {f"location-of-a-team-{number:03}": one() for number in range(500)}

    history.add_minutes([(START, 60, all_of(START))])
    one = history.size()
    assert one * (1440 + 30 * 24) < 50_000_000


def server(state: str = "warm", **more: float) -> ServerSeen:
    figures = {"private": 30 * MB, "pss": 45 * MB, "resident": 120 * MB, "woken_at": START - 5.0, **more}
    return ServerSeen(state, measured=True, **figures)  # type: ignore[arg-type]


class Clock:
    now = float(START)

    def __call__(self) -> float:
        return self.now


def kept(history: ClusterHistory, clock: Clock) -> tuple[Keeping, Counting]:
    counting = Counting()
    return Keeping(history, counting, 30, clock), counting


def look(clock: Clock) -> Look:
    return Look(clock.now, (), (), {})


@looped
async def test_looks_become_a_record_a_minute(history: ClusterHistory) -> None:
    clock = Clock()
    keeping, counting = kept(history, clock)
    counting.totals["sales"] = CountsOfOne(calls=500, wakes=9, cpu_s=100.0)  # of before this page
    for second in range(0, 121, 15):
        clock.now = START + second
        counting.totals["sales"].cpu_s += 1.5
        counting.totals["sales"].calls += 1
        keeping.heard(look(clock), {"sales": server(), "risk": server("asleep")})
        if second and second % 60 == 0:
            await keeping.write()
    stretches = seen_of(history, "sales").stretches
    assert [each.start for each in stretches] == [START, START + 60]
    assert sum(each.calls for each in stretches) == 8
    assert sum(each.wakes for each in stretches) == 0
    assert sum(each.awake_s for each in stretches) == 120
    assert stretches[0].whole.peak == pytest.approx(120 * MB, rel=0.01)
    assert stretches[0].own.peak == pytest.approx(30 * MB, rel=0.01)
    assert sum(each.cpu_s for each in stretches) == pytest.approx(12, rel=0.01)
    assert seen_of(history, "risk").stretches == ()


class Away(ClusterHistory):
    """Its database is away until it is `back`."""

    back = False

    def add_minutes(self, entries: Sequence[Entry]) -> None:
        if not self.back:
            raise DatabaseAway("the database: connection refused")
        super().add_minutes(entries)


@looped
async def test_a_pod_that_somebody_else_measures_has_its_processor_time(history: ClusterHistory) -> None:
    clock = Clock()
    keeping, _ = kept(history, clock)
    for second in range(0, 61, 15):
        clock.now = START + second
        peak = (
            150.0 * MB if second > 30 else 120.0 * MB
        )  # what it had before this page began is no minute's of it
        keeping.heard(look(clock), {"alone": server(cores=0.5, peak=peak)})
    await keeping.write()
    (found,) = seen_of(history, "alone").stretches
    assert found.cpu_s == pytest.approx(30, rel=0.01)
    assert found.whole.peak == pytest.approx(150 * MB, rel=0.01)


@looped
async def test_a_database_that_is_away_is_said_once_and_written_to_later(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock, history = Clock(), Away(url, "dagster", 1)
    keeping, _ = kept(history, clock)
    caplog.set_level("INFO")
    for minute in (1, 2):
        clock.now = START + 60.0 * minute
        keeping.heard(look(clock), {"sales": server()})
        await keeping.write()
    assert len([each for each in caplog.records if "is not written" in each.message]) == 1
    history.back = True
    clock.now = START + 180.0
    await keeping.write()
    assert keeping.trouble is None
    assert [start for start, _, _ in history.each("minutes", 0, "")] == [START, START + 60, START + 120]
    history.close()


class Reading(PostgresReading):
    """Counts how often it is asked."""

    asked = 0

    def definitions(self) -> Mapping[str, tuple[str, bytes]]:
        self.asked += 1
        return super().definitions()


@looped
async def test_what_a_version_defines_and_why_one_does_not_load_is_read_of_the_books(url: str) -> None:
    defines = {"repositories": ["__repository__"], "assets": 20, "jobs": ["nightly"]}
    version = KeptVersion(
        version="v1", image="a", pinned="a@b", digest="b", spec={}, served=ServedNow(server_id="s"),
        recorded_at=1.0, definitions=defines,
    )  # fmt: skip
    refused = {
        "v2": RefusedVersion("DoesNotLoad", "a long story", 2.0),
        "v0": RefusedVersion("DoesNotLoad", "old", 1.0),
    }
    books = PostgresBooks(url, "dagster", 1)
    await books.save(Book(name="sales", version="v1", kept={"v1": version}, refused=refused))
    await books.save(Book(name="new"))
    database = Database(url, "dagster/page", 1)
    reading = Reading(database, "dagster")
    read = BooksRead(reading)
    assert await read.definitions({"sales": "v1", "new": ""}) == {"sales": defines}
    assert await read.definitions({"sales": "v1", "new": ""}) == {"sales": defines}
    assert reading.asked == 1, "nothing has changed"
    assert await read.definitions({"sales": "v3", "new": ""}) == {}, "what is known is of another version"
    assert await read.error("sales") == "a long story"
    assert (await read.error("new"), await read.error("nobody")) == ("", "")
    database.close()
    await books.close()


def location(name: str, **spec: object) -> Document:
    return {"metadata": {"name": name}, "spec": {"owner": "finance", **spec}, "status": {}}


def test_what_a_command_line_is_told_is_judged_there_as_on_the_page(history: ClusterHistory) -> None:
    for hour in range(9 * 24):
        at = START + hour * HOUR_S
        history.add_minutes([(at, 60, {"sales": stretch(at, calls=1, wakes=1)})])
    history.make_hours(START + 9 * DAY_S)
    sales = location("sales", memory_limit="2Gi", resources={"requests": {"memory": "4Gi", "cpu": "1"}})
    told = decoded(encoded(usage_of(history, {"sales": sales, "new": location("new")}, 0.0)))
    assert [each.name for each in told] == ["new", "sales"]
    judged = told[1].judged()
    assert judged.has.memory_limit == 2 << 30
    assert judged.window.wakes > 0
    assert told[0].judged().here.none_because is not None
    one = decoded(encoded(usage_of(history, {"sales": sales}, 0.0, "sales")))[0].judged()
    page = usage_on_page(history, sales)
    assert {key: page[key] for key in one.to_json()} == one.to_json()
    assert one.seen.stretches


def test_a_server_that_was_ended_because_of_its_memory_is_counted() -> None:
    counting = Counting()
    counting.add(More("sales", "reef_location_memory_limit_exceeded_total", (), 2.0))
    assert counting.of("sales").kills == 2
