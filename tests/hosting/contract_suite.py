"""What every hosting promises (`reef.hosting.contract.Hosting`), as tests.

Subclass it, set `location`, and give a fixture `host` (a `Bench`) and a fixture `code`, which writes a location's file.
What only processes on this machine do is in `contract_of_processes`.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest

from deadlines import scaled
from reef.hosting.contract import Child, ChildSpec, Exit, Hosting, LoadReport, StartFailed

T = TypeVar("T")
Write = Callable[[str], Path]


@dataclass(frozen=True)
class Texts:
    """What a location's file says, in the language of the hosting that is tested."""

    good: str
    ignores_sigterm: str
    raises: str  # "no such table"
    exits: str  # with status 7
    is_killed: str  # by SIGKILL
    hangs: str
    reads: str  # table.csv beside it


class Bench(Protocol):
    """A hosting, and what a test may see and do from outside of it."""

    @property
    def hosting(self) -> Hosting: ...
    @property
    def texts(self) -> Texts: ...
    @property
    def exits(self) -> list[Exit]:
        """What `on_exit` heard."""
        ...

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T: ...
    def spec(self, location: str, code: Path, *, purpose: Any = "serve") -> ChildSpec: ...
    def start(self, spec: ChildSpec, timeout_s: float = 60.0) -> Child: ...
    def stop(self, child: Child, grace_s: float = 5.0) -> None: ...
    def until(self, true: Callable[[], T], what: str) -> T: ...
    def answers(self, child: Child) -> bool: ...
    def is_gone(self, child: Child) -> bool: ...
    def kill(self, child: Child) -> None:
        """SIGKILL from outside."""
        ...

    def left_nothing(self, failure: StartFailed) -> bool:
        """Of a load that hung."""
        ...

    def cancelled(self, location: str, code: Path) -> bool:
        """Start it, cancel that while its code loads; whether nothing is left of it."""
        ...


class EveryHosting:
    location = ""
    hang_s = 4.0  # of a quiet machine: enough to reach the location's own code

    def ended(self, host: Bench, child: Child) -> Exit:
        told = host.until(lambda: [one for one in host.exits if one.child == child], "the exit is told")
        assert len(told) == 1
        return told[0]

    def test_it_answers_when_start_returns_and_is_gone_when_stop_returns(
        self, host: Bench, code: Write
    ) -> None:
        child = host.start(host.spec(self.location, code(host.texts.good)))
        assert (child.location, child.version, child.purpose) == (self.location, "v1", "serve")
        assert host.answers(child)
        host.stop(child)
        assert host.is_gone(child)
        assert self.ended(host, child).expected
        host.stop(child)  # once more, of one that is gone

    def test_a_child_that_ignores_sigterm_is_killed(self, host: Bench, code: Write) -> None:
        child = host.start(host.spec(self.location, code(host.texts.ignores_sigterm)))
        host.stop(child, grace_s=0.3)
        assert host.is_gone(child)
        assert self.ended(host, child).status == -signal.SIGKILL

    def test_a_death_nobody_asked_for_is_told_with_its_status(self, host: Bench, code: Write) -> None:
        child = host.start(host.spec(self.location, code(host.texts.good)))
        host.kill(child)
        ended = self.ended(host, child)
        assert ended.status == -signal.SIGKILL
        assert not ended.expected
        assert host.is_gone(child)
        assert host.run(host.hosting.memory(child)) is None

    @pytest.mark.parametrize(
        ("text", "said", "status"),
        [
            ("raises", "no such table", 1),
            ("exits", "exit status 7", 7),
            ("is_killed", "SIGKILL", -signal.SIGKILL),
        ],
    )
    def test_a_load_that_fails_says_why(
        self, host: Bench, code: Write, text: str, said: str, status: int
    ) -> None:
        with pytest.raises(StartFailed) as failed:
            host.start(host.spec(self.location, code(getattr(host.texts, text))))
        assert said in failed.value.reason
        assert failed.value.status == status

    def test_a_load_that_hangs_ends_at_the_timeout(self, host: Bench, code: Write) -> None:
        hang_s = round(scaled(self.hang_s))
        with pytest.raises(StartFailed) as failed:
            host.start(host.spec(self.location, code(host.texts.hangs)), timeout_s=hang_s)
        assert f"within {hang_s} s" in failed.value.reason
        assert host.left_nothing(failed.value)

    def test_cancelling_a_start_leaves_no_process(self, host: Bench, code: Write) -> None:
        assert host.cancelled(self.location, code(host.texts.hangs))

    def test_memory_is_measured(self, host: Bench, code: Write) -> None:
        child = host.start(host.spec(self.location, code(host.texts.good)))
        sample = host.run(host.hosting.memory(child))
        host.stop(child, 0)
        assert sample is not None
        assert 0 < sample.private <= sample.pss <= sample.rss

    def test_a_probe_reports_what_its_location_read(self, host: Bench, code: Write, tmp_path: Path) -> None:
        self.reported(host, code(host.texts.reads), tmp_path)

    def reported(self, host: Bench, file: Path, folder: Path) -> LoadReport:
        """The report of a location that reads `table.csv` in its folder."""
        (folder / "table.csv").write_text("1,2")
        child = host.start(host.spec(self.location, file, purpose="probe"))
        assert child.purpose == "probe"
        report = host.run(host.hosting.load_report(child))
        host.stop(child, 0)
        assert report is not None
        assert str(folder / "table.csv") in report.files_read
        assert report.load_s > 0
        assert report.private_bytes > 1 << 20
        assert report.threads >= 1
        return report
