"""A host keeps what its locations used: real processes, a real disk that is full."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eyes import Eyes, telling, write
from reefs import Reef
from small_disk import fill

from deadlines import scaled
from reef.events import Exited, OverLimit, Probed
from reef.fleet.model import HistorySpec, Location
from reef.hosting.contract import Child
from reef.hosting.reasons import over_limit
from reef.locations.place import CodeLocation
from reef.procfs import resident_and_peak, start_ticks
from reef.usage.about import about, has_of
from reef.usage.history import FOLDER, History
from reef.usage.minutes import Counters, Minutes
from reef.usage.process_use import ProcessUse, process_use
from reef.usage.sampler import UsageSampler

MIB = 1 << 20
SPIKE = "x = bytearray(160 << 20); x[::4096] = b'x' * len(x[::4096]); del x"


def test_a_wake_with_a_spike_a_probe_and_a_sleep_are_on_the_disk(
    folder: Path, start: Callable[..., Reef]
) -> None:
    write(folder / "spiky" / "defs.py", telling("spiky", tick=SPIKE))
    write(folder / "idle" / "defs.py", telling("idle"))
    text = "".join(
        f"  {name}:\n    code: {name}/defs.py\n    memory_limit: 1Gi\n" for name in ("spiky", "idle")
    )
    write(folder / "reef.yaml", f"locations:\n{text}")
    reef = start("serve", folder / "reef.yaml", folder / "s", output=folder).until_up()
    assert Eyes(reef, "spiky").tick()["pid"]
    reef.command("sleep", "spiky")
    reef.stop()

    said = json.loads(reef.command("usage", "--json").stdout)
    rows = {each["location"]: each for each in said["locations"]}
    spiky, idle = rows["spiky"]["used"], rows["idle"]["used"]
    assert spiky["whole_bytes"]["peak"] > 200 * MIB
    assert 0 < spiky["cpu_s"] < scaled(60)
    assert (spiky["wakes"], spiky["calls"], spiky["probes"]) == (1, 1, 1)
    assert (idle["wakes"], idle["calls"], idle["probes"]) == (0, 0, 1)
    assert 20 * MIB < idle["whole_bytes"]["peak"] < 200 * MIB  # its probe's
    assert idle["awake_s"] == 0
    assert rows["spiky"]["set"] == {
        "memory_request_bytes": None,
        "memory_limit_bytes": 1 << 30,
        "cpu_request_cores": None,
        "cpu_limit_cores": None,
        "placement": "packed",
    }
    assert "were watched; a proposal needs a day" in rows["spiky"]["proposal"]["none_because"]
    page = about(folder / "s" / FOLDER, "spiky", has_of(Location("spiky", memory_limit_bytes=1 << 30)))
    assert page["used"] == spiky
    assert any("peak" in line for line in page["lines"])
    assert "no proposal for 2 locations" in reef.command("usage").stdout


def test_a_history_that_is_off_leaves_no_file(folder: Path, start: Callable[..., Reef]) -> None:
    write(folder / "quiet" / "defs.py", telling("quiet"))
    write(folder / "quiet.yaml", "history: off\nlocations: {quiet: {code: quiet/defs.py}}\n")
    reef = start("serve", folder / "quiet.yaml", folder / "q", output=folder).until_up()
    reef.stop()
    assert not (folder / "q" / FOLDER).exists()
    done = reef.command("usage", check=False)
    assert done.returncode == 2
    assert "holds no history of usage yet" in done.stderr


class Clock:
    """Simulated time."""

    now = 1_767_225_600.0

    def __call__(self) -> float:
        return self.now


def a_sampler(folder: Path, clock: Clock, **places: CodeLocation) -> UsageSampler:
    return UsageSampler(places, History(folder), HistorySpec, clock=clock)


def test_a_full_disk_is_one_warning_and_loses_nothing_that_waits(
    folder: Path, small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    sampler = a_sampler(small_disk / "usage", clock, a=CodeLocation(Location("a")))
    logging.getLogger("reef").propagate = True
    caplog.set_level(logging.INFO, "reef.control")

    def minute() -> None:
        clock.now += 60
        asyncio.run(sampler.write())

    minute()
    ballast = fill(small_disk)
    for _ in range(400):  # until the last block of the file is full too
        minute()
        if sampler.trouble is not None:
            break
    assert sampler.trouble == "No space left on device"
    minute()
    minute()
    warnings = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert len(warnings) == 1
    assert "the usage history cannot be written: No space left on device" in warnings[0].getMessage()
    ballast.unlink()
    minute()
    assert sampler.trouble is None
    watch = History(small_disk / "usage").watch()
    assert watch.seconds == watch.last - watch.first


def test_a_folder_that_cannot_be_made_is_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    (tmp_path / "usage").write_text("somebody else's")
    sampler = a_sampler(tmp_path / "usage", clock)
    logging.getLogger("reef").propagate = True
    for _ in range(3):
        clock.now += 60
        asyncio.run(sampler.write())
    assert [each.levelname for each in caplog.records if "usage history" in each.getMessage()] == ["WARNING"]
    (tmp_path / "usage").unlink()
    clock.now += 60
    asyncio.run(sampler.write())
    assert sampler.trouble is None
    assert History(tmp_path / "usage").watch().seconds == 240


def test_nobody_looked_while_the_machine_slept(tmp_path: Path) -> None:
    clock = Clock()
    sampler = a_sampler(tmp_path / "usage", clock)
    for passed in (60, 8 * 3600, -600, 60):
        clock.now += passed
        asyncio.run(sampler.write())
    assert History(tmp_path / "usage").watch().seconds == 60 + 120 + 0 + 60


def child(pid: int, purpose: str = "serve", started_at: float = 0.0) -> Child:
    return Child("a", "v", purpose, pid, start_ticks(pid) or 0, "/x", True, started_at)  # type: ignore[arg-type]


def test_the_kernel_says_what_a_process_had_at_most() -> None:
    code = f"{SPIKE}; print('there', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        use = process_use(child(process.pid))
        other = process_use(replace(child(process.pid), start_ticks=1))
        process.kill()
        process.wait()
    assert use is not None
    assert use.peak > 160 * MIB > use.resident
    assert use.cpu_s >= 0
    assert other is None  # another process that came to have the pid
    assert resident_and_peak(process.pid) is None


def use(resident: int, peak: int, cpu_s: float = 0.0) -> ProcessUse:
    return ProcessUse(resident * MIB, peak * MIB, cpu_s)


def test_a_peak_counts_in_the_minute_in_which_it_was() -> None:
    minutes, one = Minutes(0.0), replace(child(os.getpid()), started_at=10.0)
    minutes.shares("a", 30 * MIB)
    minutes.saw(one, use(100, 250, 3.0), 20.0)
    first = minutes.take(0, 60)["a"]
    assert (first.whole.p50, first.whole.peak) == (100 * MIB, 250 * MIB)
    assert (first.own.p50, first.own.peak) == (70 * MIB, 220 * MIB)
    assert first.cpu.peak == pytest.approx(0.3)
    minutes.saw(one, use(110, 250, 3.6), 80.0)
    second = minutes.take(60, 60)["a"]
    assert second.whole.peak == 110 * MIB
    assert (second.awake_s, second.cpu_s) == (60, pytest.approx(0.6))


def test_the_past_of_a_child_that_another_host_left_is_not_this_minutes() -> None:
    minutes = Minutes(1000.0)
    minutes.saw(replace(child(os.getpid()), started_at=10.0), use(100, 900, 500.0), 1015.0)
    found = minutes.take(1000, 60)["a"]
    assert (found.cpu_s, found.whole.peak, found.awake_s) == (0.0, 100 * MIB, 0)


def test_counters_become_what_was_added() -> None:
    minutes = Minutes(0.0)
    minutes.counted("a", Counters(5, 1, 1))
    assert minutes.take(0, 60)["a"].calls == 5
    minutes.counted("a", Counters(5, 1, 1))
    assert minutes.take(60, 60) == {}
    minutes.counted("a", Counters(7, 1, 1))
    found = minutes.take(120, 60)["a"]
    assert (found.calls, found.wakes, found.busy_s) == (2, 0, 60)


@pytest.mark.parametrize(
    ("event", "kills", "at"),
    [
        (OverLimit("a", child(1), "too much"), 1, 256 * MIB),
        (Probed("a", "v", 1.0, f"it did not load: {over_limit(256 * MIB, 300 * MIB)}"), 1, 256 * MIB),
        (Probed("a", "v", 1.0, "NameError"), 0, 0),
        (Probed("a", "v", 1.0, None), 0, 0),
        (Exited("a", child(1), -9, "nobody asked for it"), 1, 0),
        (Exited("a", child(1), -9, None), 0, 0),
        (Exited("a", child(1), 1, "nobody asked for it"), 0, 0),
    ],
)
def test_what_ended_because_of_its_memory_is_counted(tmp_path: Path, event: Any, kills: int, at: int) -> None:
    clock = Clock()
    place = CodeLocation(Location("a", memory_limit_bytes=256 * MIB))
    sampler = a_sampler(tmp_path / "usage", clock, a=place)
    sampler.hear(event)
    clock.now += 60
    asyncio.run(sampler.write())
    stretches = History(tmp_path / "usage").of("a").stretches
    assert sum(each.kills for each in stretches) == kills
    assert max((each.killed_at for each in stretches), default=0) == at


def test_a_write_that_is_cancelled_and_the_last_one_write_each_minute_once(tmp_path: Path) -> None:
    class Slow(History):
        """The first write goes on when it may."""

        starts: list[int] = []  # noqa: RUF012
        begun, may = threading.Event(), threading.Event()

        def add_minute(self, start: int, seconds: int, stretches: Any) -> None:
            if not self.begun.is_set():
                self.begun.set()
                assert self.may.wait(scaled(30))
            self.starts.append(start)

    clock, history = Clock(), Slow(tmp_path / "usage")
    sampler = UsageSampler({}, history, HistorySpec, clock=clock)

    async def main() -> None:
        clock.now += 60
        turn = asyncio.create_task(sampler.write())
        assert await asyncio.to_thread(history.begun.wait, scaled(30))
        turn.cancel()
        clock.now += 60
        last = asyncio.create_task(sampler.write())
        await asyncio.wait({last}, timeout=0.2)  # enough for one that waits for nobody
        history.may.set()
        await last

    began = int(clock.now)
    asyncio.run(main())
    assert history.starts == [began, began + 60]


def test_a_history_that_is_switched_on_begins_then(tmp_path: Path) -> None:
    clock, spec = Clock(), list[HistorySpec | None]([None])
    sampler = UsageSampler({}, History(tmp_path / "usage"), lambda: spec[0], clock=clock)
    clock.now += 7200
    asyncio.run(sampler.turn())
    spec[0] = HistorySpec()
    on = clock.now
    clock.now += 60
    asyncio.run(sampler.turn())
    assert [start for start, _, _ in History(tmp_path / "usage").each("minutes", 0, None)] == [int(on)]
