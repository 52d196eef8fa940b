"""The history on disk: whole or not at all, small, and what it says afterwards."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from deadlines import scaled
from reef.decide.sizing.proposal import MIB
from reef.decide.sizing.stretches import DAY_S, Spread, Stretch
from reef.usage import frames
from reef.usage.history import HOUR_S, MINUTES_KEPT_S, History

MONDAY = 20_457 * DAY_S


def minute(start: int, memory: float = 100 * MIB, **more: float) -> Stretch:
    flat = Spread(memory, memory, memory)
    values = {"awake_s": 60, "own": flat, "whole": flat, "cpu": Spread(0.01, 0.01, 0.2), "cpu_s": 0.6, **more}
    return Stretch(start=start, **values)  # type: ignore[arg-type]


@pytest.fixture
def history(tmp_path: Path) -> History:
    found = History(tmp_path / "usage")
    found.open()
    return found


def test_what_was_written_is_read_again(history: History) -> None:
    first = minute(MONDAY, pss=7 * MIB, calls=3, busy_s=60, wakes=1, probes=2, kills=1, killed_at=MIB)
    history.add_minute(MONDAY, 60, {"a": first, "b & c/ü": minute(MONDAY)})
    history.add_minute(MONDAY + 60, 60, {})
    again = History(history.folder)
    assert again.locations() == ["a", "b & c/ü"]
    seen = again.of("a")
    assert seen.stretches == (first,)
    assert (seen.watch.first, seen.watch.last, seen.watch.seconds) == (MONDAY, MONDAY + 120, 120)
    assert again.of("nobody").watch == seen.watch
    assert again.of("nobody").stretches == ()


def test_numbers_are_kept_roughly_and_never_too_low(history: History) -> None:
    chance = random.Random(3)
    for number in range(60):
        memory, cpu = chance.uniform(1, 2**34), chance.uniform(0, 16)
        start = MONDAY + 60 * number
        history.add_minute(start, 60, {"a": minute(start, memory, cpu_s=cpu)})
        found = history.of("a").stretches[-1]
        assert memory <= found.whole.peak <= max(1.008 * memory, memory + 1024)
        assert cpu <= found.cpu_s + 1e-9
        assert found.cpu_s <= max(1.008 * cpu, cpu + 0.001)


def test_hours_follow_from_minutes_once(history: History) -> None:
    for number in range(90):
        top = 896 * MIB if number == 30 else 100 * MIB
        history.add_minute(MONDAY + 60 * number, 60, {"a": minute(MONDAY + 60 * number, top, calls=1)})
    for _ in range(2):
        history.make_hours(MONDAY + 95 * 60)
    hour, *minutes = history.of("a").stretches
    assert (hour.start, hour.awake_s, hour.calls) == (MONDAY, HOUR_S, 60)
    assert hour.whole == Spread(100 * MIB, 100 * MIB, 896 * MIB)
    assert hour.cpu_s == pytest.approx(36.0, rel=0.01)
    assert [each.start for each in minutes] == [MONDAY + 60 * number for number in range(60, 90)]
    assert history.watch().seconds == 90 * 60


def test_a_host_that_was_killed_loses_no_hour(history: History) -> None:
    now = int(time.time()) // HOUR_S * HOUR_S
    for number in range(120):
        history.add_minute(now - 2 * HOUR_S + 60 * number, 60, {"a": minute(now - 2 * HOUR_S + 60 * number)})
    again = History(history.folder)
    again.open()
    assert [each.awake_s for each in again.of("a").stretches] == [HOUR_S, HOUR_S]


def test_killed_at_any_byte_it_loses_the_last_record_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    ends = [frames.append(path, {"n": number, "text": "x" * 40}, at=number + 1) for number in range(4)]
    whole = path.read_bytes()
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        known = sum(end <= size for end in ends)
        assert [each["n"] for each in frames.records(path)] == list(range(known))
        frames.mend(path)
        frames.append(path, {"n": 99}, at=9)
        assert [each["n"] for each in frames.records(path)] == [*range(known), 99]


def test_a_byte_that_turned_hides_no_earlier_record(tmp_path: Path) -> None:
    path = tmp_path / "file"
    first = frames.append(path, {"n": 0})
    frames.append(path, {"n": 1})
    for at in range(first, path.stat().st_size):
        data = bytearray(path.read_bytes())
        data[at] ^= 0xFF
        broken = tmp_path / "broken"
        broken.write_bytes(data)
        found = [each["n"] for each in frames.records(broken)]
        assert found[:1] == [0]


def test_old_days_go_and_so_does_what_is_too_much(history: History) -> None:
    for day in range(40):
        history._add("hours", MONDAY + day * DAY_S, HOUR_S, {"a": minute(MONDAY + day * DAY_S)})
    now = MONDAY + 40 * DAY_S
    history.add_minute(now - 3 * DAY_S - 60, 60, {"a": minute(now - 3 * DAY_S - 60)})
    history.add_minute(now - 60, 60, {"a": minute(now - 60)})
    history.prune(now, 30, 1 << 20)
    assert history.watch().first == now - 30 * DAY_S
    assert [path.name for path in sorted(history.folder.glob("minutes-*"))] == ["minutes-20260212"]
    size = history.size()
    history.prune(now, 30, size // 2)
    assert 0 < history.size() <= size // 2
    assert history.of("a").stretches[-1].start == now - 60


def test_a_folder_that_takes_nothing_says_so_and_takes_it_later(history: History, tmp_path: Path) -> None:
    history.add_minute(MONDAY, 60, {"a": minute(MONDAY)})
    (path,) = history.folder.glob("minutes-*")
    before = path.read_bytes()
    path.unlink()
    path.mkdir()
    with pytest.raises(OSError, match="directory"):
        history.add_minute(MONDAY + 60, 60, {"a": minute(MONDAY + 60)})
    path.rmdir()
    path.write_bytes(before)
    history.add_minute(MONDAY + 60, 60, {"a": minute(MONDAY + 60)})
    assert len(history.of("a").stretches) == 2


def test_five_hundred_locations_that_never_sleep_fit_in_fifty_megabytes(history: History) -> None:
    """Twelve minutes and their hour are written, and multiplied by what thirty days have of them."""
    chance = random.Random(1)
    names = [f"team-{number % 20}-location-{number}" for number in range(500)]
    bases = {name: chance.uniform(60, 900) * MIB for name in names}
    for number in range(12):
        start = MONDAY + 60 * number
        history.add_minute(start, 60, {name: noisy(chance, bases[name], start) for name in names})
    minutes = history.size() * 5
    began = time.process_time()
    history.make_hours(MONDAY + HOUR_S)
    assert time.process_time() - began < scaled(5)
    hours = history.size() - minutes // 5
    assert minutes * (MINUTES_KEPT_S + DAY_S) / HOUR_S + hours * 30 * 24 < 50e6


def noisy(chance: random.Random, base: float, start: int) -> Stretch:
    now = base * chance.uniform(0.97, 1.03)
    cpu = chance.uniform(0.002, 0.1)
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


def test_a_reader_needs_no_right_to_write(history: History) -> None:
    history.add_minute(MONDAY, 60, {"a": minute(MONDAY)})
    for path in history.folder.iterdir():
        os.chmod(path, 0o400)
    os.chmod(history.folder, 0o500)
    try:
        assert History(history.folder).locations() == ["a"]
    finally:
        os.chmod(history.folder, 0o700)
