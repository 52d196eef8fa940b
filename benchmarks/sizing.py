"""Right-sizing: proposals made from the first days and lived through on later ones; what the history of usage costs.

Days are made (`dayshapes.py`): steady, office hours, spikes at any hour, nightly and weekly batches, growth, leaks,
seldom called. With --recorded FOLDER they are continued from the minutes of a real host's history, too. Nothing is
started.
"""

from __future__ import annotations

import os
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from dayshapes import FIRST, Made, fleet, recorded
from measure import MB
from reef.decide.sizing.proposal import GIB, MIB
from reef.decide.sizing.stretches import DAY_S, Spread, Stretch
from reef.hosting.contract import Child
from reef.procfs import start_ticks
from reef.usage.columns import packed
from reef.usage.history import HOUR_S, History
from reef.usage.process_use import process_use
from replaying import Replayed, replayed
from report import Report, arguments, emit, setting_of

AHEAD_DAYS = 30
SEEN_DAYS = (1, 3, 7, 8, 14, 30)
LOCATIONS = 500
LEAST_FREED = 0.8
MOST_BYTES = 50e6
LOOKS_A_MINUTE = 4
POLLED = 200


def main() -> int:
    parser = arguments(__doc__.splitlines()[0], seeds=20)
    parser.add_argument("--recorded", type=Path, help="folder of a host's history (STATE_DIR/usage)")
    args = parser.parse_args()
    report = Report("Right-sizing", setting_of(args))
    seeds = 4 if args.quick else args.seeds
    for days in SEEN_DAYS:
        _replayed(report, days, [fleet(seed, days + AHEAD_DAYS) for seed in range(seeds)], "made days")
    if args.recorded:
        _continued(report, History(args.recorded))
    _history(report, 6 if args.quick else 60)
    _looking(report)
    return emit(report, args)


def _replayed(report: Report, days: int, fleets: list[list[Made]], what: str) -> None:
    found = replayed([made for each in fleets for made in each], days, days + AHEAD_DAYS)
    group = f"{what}: seen {days}, then {AHEAD_DAYS}"
    report.figure(group, "Reef, memory requested, now", found.memory_requested / GIB, "GiB")
    report.figure(group, "Reef, freed of what is too much", 100 * found.memory_share, "%")
    report.figure(group, "Reef, of processors", 100 * found.cpu_share, "%")
    report.figure(group, "Reef, days on which a peak was above the request", _above(found), "%")
    report.at_most(f"{group}: kills because of memory", found.oom_kills, 0, "")
    if days >= 8:
        report.at_least(f"{group}: freed of memory", found.memory_share, LEAST_FREED, "")
        report.at_least(f"{group}: freed of processors", found.cpu_share, LEAST_FREED, "")
    report.notes.append(f"{group}: {found.proposed} of {found.locations} locations got a proposal.")


def _above(found: Replayed) -> float:
    return 100 * found.days_above_request / max(1, found.days)


def _continued(report: Report, history: History) -> None:
    minutes = {name: history.minutes(name, 0.0) for name in history.locations()}
    known = {name: each for name, each in minutes.items() if sum(one.awake_s for one in each) > 0}
    report.notes.append(f"Recorded: {sum(map(len, known.values()))} minutes of {len(known)} real locations.")
    for days in (8, 14):
        _replayed(report, days, [recorded(known, days + AHEAD_DAYS)], "days of a real fleet's minutes")


# -- the history ------------------------------------------------------------------------------------------


def _history(report: Report, minutes: int) -> None:
    """Of locations that never sleep, whose figures never are the same twice: the most that it can be."""
    chance = random.Random(1)
    bases = {
        f"team-{number % 20}-location-{number}": chance.uniform(60, 900) * MIB for number in range(LOCATIONS)
    }
    group = f"history of {LOCATIONS} locations that never sleep"
    with tempfile.TemporaryDirectory(prefix="reef-sizing-") as folder:
        history = History(Path(folder) / "usage")
        history.open()
        began = time.process_time()
        for number in range(minutes):
            history.add_minute(FIRST + 60 * number, 60, _minute(chance, bases, FIRST + 60 * number))
        minute_s, minute_bytes = (time.process_time() - began) / minutes, history.size() / minutes
        began = time.process_time()
        for number in range(24):
            start = FIRST + DAY_S + number * HOUR_S
            history._add("hours", start, HOUR_S, _minute(chance, bases, start))
        hour_s = (time.process_time() - began) / 24
        hour_bytes = (history.size() - minute_bytes * minutes) / 24
        one_s, all_s = _timed(lambda: history.of("team-1-location-1")), _timed(history.all)
    size = minute_bytes * 2 * DAY_S / 60 + hour_bytes * 24 * 30
    sqlite = _in_sqlite(chance, bases, minutes)
    report.figure(group, "Reef, 30 days", size / MB, "MB", estimated=True)
    report.figure(
        group, "the same rows in SQLite", sqlite * size / (minute_bytes or 1) / MB, "MB", estimated=True
    )
    report.figure(f"{group}: CPU", "Reef, a minute, written", 1000 * minute_s, "ms")
    report.figure(f"{group}: CPU", "Reef, an hour, written", 1000 * hour_s, "ms")
    scale = 30 * 24 / (24 + minutes)
    report.figure(
        f"{group}: CPU", "Reef, one location's 30 days, read", 1000 * one_s * scale, "ms", estimated=True
    )
    report.figure(f"{group}: CPU", "Reef, all 30 days, read", 1000 * all_s * scale, "ms", estimated=True)
    report.at_most("30 days of 500 locations", size / 1e6, MOST_BYTES / 1e6, "MB")


def _minute(chance: random.Random, bases: Mapping[str, float], start: int) -> dict[str, Stretch]:
    return {name: _noisy(chance, base, start) for name, base in bases.items()}


def _noisy(chance: random.Random, base: float, start: int) -> Stretch:
    now, cpu = base * chance.uniform(0.97, 1.03), chance.uniform(0.002, 0.1)
    return Stretch(
        start=start,
        awake_s=60,
        own=Spread(now * 0.4, now * 0.41, now * 0.42),
        whole=Spread(now, now * 1.01, now * 1.02),
        pss=now * 0.6,
        cpu=Spread(cpu, cpu * 2, cpu * 3),
        cpu_s=cpu * 60,
        busy_s=60,
        calls=chance.randrange(30),
    )


def _in_sqlite(chance: random.Random, bases: Mapping[str, float], minutes: int) -> float:
    """Bytes a minute, of a table with a row for each location and minute, and the same numbers in it."""
    with tempfile.TemporaryDirectory(prefix="reef-sizing-") as folder:
        path = os.path.join(folder, "usage.db")
        db = sqlite3.connect(path)
        db.execute("pragma journal_mode=wal")
        columns = list(packed({0: _noisy(chance, MIB, 0)}))
        db.execute(f"create table used (t integer, {', '.join(columns)}, primary key (t, id)) without rowid")
        for number in range(minutes):
            start = FIRST + 60 * number
            rows = packed(dict(enumerate(_minute(chance, bases, start).values())))
            marks = ", ".join("?" * (len(columns) + 1))
            with db:
                db.executemany(f"insert into used values ({marks})", zip([start] * LOCATIONS, *rows.values()))  # noqa: B905
        db.execute("pragma wal_checkpoint(truncate)")
        db.close()
        return os.path.getsize(path) / minutes


def _looking(report: Report) -> None:
    """What a host spends on looking at the processes of many locations that are all awake."""
    me = Child("x", "v", "serve", os.getpid(), start_ticks(os.getpid()) or 0, "/x", True, 0.0)
    a_minute = LOOKS_A_MINUTE * POLLED * _timed(lambda: process_use(me))
    share = report.figure(
        "looking at 200 locations that are awake", "Reef, of a core", 100 * a_minute / 60, "%"
    )
    report.at_most("looking at 200 locations that are awake", share, 1.0, "%")


def _timed(work: Callable[[], object]) -> float:
    """Seconds of processor time, the median of some."""
    took = []
    for _ in range(9):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return sorted(took)[4]


if __name__ == "__main__":
    sys.exit(main())
