"""What every hosting promises (`reef.hosting.contract.Hosting`), as tests: subclass it and set `location`."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from hosts import GOOD, Host, alive, child_env, state_of, until

from reef.hosting.contract import Child, StartFailed
from reef.hosting.process import start_ticks

Write = Callable[[str], Path]

FORKS = """
import os, time
pid = os.fork()
if pid == 0:
    time.sleep(600)
open(os.environ["PIDS"], "a").write(f"{pid} ")
raise RuntimeError("after the fork")
"""


def ping(child: Child) -> bytes:
    with grpc.insecure_channel(f"unix:{child.socket}") as channel:
        call = channel.unary_unary("/api.DagsterApi/Ping", None, None)
        return bytes(call(b"\x0a\x02hi", timeout=10))


class ContractSuite:
    location = ""
    forked = False
    hang_s = 4.0  # enough to reach the location's own code

    def test_it_answers_when_start_returns_and_is_gone_when_stop_returns(
        self, host: Host, code: Write
    ) -> None:
        child = host.start(host.spec(self.location, code(GOOD)))
        assert ping(child).startswith(b"\x0a\x02hi")
        assert child.forked is self.forked
        assert child.start_ticks == start_ticks(child.pid)
        host.stop(child)
        assert state_of(child.pid) == "gone"  # not even a zombie
        ended = until(lambda: [one for one in host.exits if one.child == child], "the exit is told")
        assert len(ended) == 1
        assert ended[0].expected
        assert not os.path.exists(child.socket)
        host.stop(child)  # once more, of one that is gone

    def test_a_child_that_ignores_sigterm_is_killed(self, host: Host, code: Write) -> None:
        ignores = GOOD + "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\n"
        child = host.start(host.spec(self.location, code(ignores)))
        host.stop(child, grace_s=0.3)
        assert state_of(child.pid) == "gone"
        ended = until(lambda: [one for one in host.exits if one.child == child], "the exit is told")
        assert ended[0].status == -signal.SIGKILL

    def test_a_death_nobody_asked_for_is_told_with_its_status(self, host: Host, code: Write) -> None:
        child = host.start(host.spec(self.location, code(GOOD)))
        os.kill(child.pid, signal.SIGKILL)
        ended = until(lambda: [one for one in host.exits if one.child == child], "the exit is told")
        assert ended[0].status == -signal.SIGKILL
        assert not ended[0].expected
        assert state_of(child.pid) == "gone"
        assert host.run(host.hosting.memory(child)) is None

    @pytest.mark.parametrize(
        ("text", "said", "status"),
        [
            ("raise ValueError('no such table')", "no such table", 1),
            ("import missing_dependency", "missing_dependency", 1),
            ("import os; os._exit(7)", "exit status 7", 7),
            ("import ctypes; ctypes.string_at(0)", "SIGSEGV", -signal.SIGSEGV),
            ("import os; os.kill(os.getpid(), 9)", "SIGKILL", -signal.SIGKILL),
        ],
    )
    def test_a_load_that_fails_says_why(
        self, host: Host, code: Write, text: str, said: str, status: int
    ) -> None:
        with pytest.raises(StartFailed) as failed:
            host.start(host.spec(self.location, code(text)))
        assert said in failed.value.reason
        assert failed.value.status == status

    def test_a_load_that_hangs_ends_at_the_timeout(self, host: Host, code: Write) -> None:
        hangs = "import os, time\nprint('pid', os.getpid(), flush=True)\ntime.sleep(600)"
        with pytest.raises(StartFailed) as failed:
            host.start(host.spec(self.location, code(hangs)), timeout_s=self.hang_s)
        assert f"within {self.hang_s:g} s" in failed.value.reason
        pid = int(failed.value.reason.rpartition("pid ")[2].split()[0])
        assert not alive(pid)

    def test_what_a_failed_load_forked_dies_with_it(self, host: Host, code: Write, tmp_path: Path) -> None:
        env = child_env(PIDS=str(tmp_path / "pids"))
        with pytest.raises(StartFailed, match="after the fork"):
            host.start(host.spec(self.location, code(FORKS), env=env))
        (pid,) = (tmp_path / "pids").read_text().split()
        until(lambda: state_of(int(pid)) == "gone", "the forked process is gone, and reaped")

    def test_cancelling_a_start_leaves_no_process(self, host: Host, code: Write, tmp_path: Path) -> None:
        slow = "import os, time\nopen(os.environ['PIDS'], 'w').write(str(os.getpid()))\ntime.sleep(600)"
        spec = host.spec(self.location, code(slow), env=child_env(PIDS=str(tmp_path / "pids")))

        async def cancelled() -> None:
            starting = asyncio.create_task(host.hosting.start(spec, 60))
            while not (tmp_path / "pids").exists() or not (tmp_path / "pids").read_text():
                await asyncio.sleep(0.02)
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)

        host.run(cancelled())
        assert state_of(int((tmp_path / "pids").read_text())) == "gone"

    def test_memory_is_measured(self, host: Host, code: Write) -> None:
        child = host.start(host.spec(self.location, code(GOOD)))
        sample = host.run(host.hosting.memory(child))
        host.stop(child, 0)
        assert sample is not None
        assert 0 < sample.private <= sample.pss <= sample.rss

    def test_a_probe_reports_what_its_location_read(self, host: Host, code: Write, tmp_path: Path) -> None:
        (tmp_path / "table.csv").write_text("1,2")
        (tmp_path / "more").mkdir()
        text = GOOD + (
            "import os, pathlib, own_module\n"
            "pathlib.Path('table.csv').read_text()\n"
            "os.listdir('more')\n"
            "open('written.txt', 'w').close()\n"
        )
        (tmp_path / "own_module.py").write_text("import os\nos.environ.get('OWN')\nos.getenv('TABLE')\n")
        spec = host.spec(self.location, code(text), purpose="probe")
        child = host.start(spec)
        report = host.run(host.hosting.load_report(child))
        host.stop(child, 0)
        assert report is not None
        assert report.modules["own_module"] == str(tmp_path / "own_module.py")
        assert "dagster" in report.modules
        assert not [name for name in report.modules if "reef" in name]
        assert str(tmp_path / "table.csv") in report.files_read
        assert str(tmp_path / "written.txt") not in report.files_read
        assert report.dirs_listed == (str(tmp_path / "more"),)
        assert report.env_read["own_module"] == ("OWN", "TABLE")
        assert report.load_s > 0
        assert report.private_bytes > 1 << 20
        assert report.threads >= 1

    def test_a_record_names_the_child_while_it_lives(self, host: Host, code: Write) -> None:
        child = host.start(host.spec(self.location, code(GOOD)))
        record = host.folder / "children" / f"{child.pid}-{child.start_ticks}.json"
        assert child.socket in record.read_text()
        host.stop(child)
        until(lambda: not record.exists(), "the record is removed")

    def test_the_title_is_readable(self, host: Host, code: Write) -> None:
        child = host.start(host.spec(self.location, code(GOOD)))
        shown = Path(f"/proc/{child.pid}/cmdline").read_bytes()
        name = Path(f"/proc/{child.pid}/comm").read_text()
        host.stop(child, 0)
        assert shown.rstrip(b"\0") == f"reef: {self.location}".encode()
        assert name == f"reef: {self.location}\n"[:15] or name.strip() == f"reef: {self.location}"
