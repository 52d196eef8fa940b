"""What the children of a hosting on this machine do besides what every hosting promises: they are processes."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from contract_suite import Bench, EveryHosting, Write
from hosts import GOOD, Host, child_env, ping, state_of, until

from reef.hosting.contract import StartFailed
from reef.procfs import start_ticks

FORKS = """
import os, time
pid = os.fork()
if pid == 0:
    time.sleep(600)
open(os.environ["PIDS"], "a").write(f"{pid} ")
raise RuntimeError("after the fork")
"""


class OnThisMachine(EveryHosting):
    forked = False

    def test_it_is_a_process_that_answers_on_its_socket(self, host: Host, code: Write) -> None:
        child = host.start(host.spec(self.location, code(GOOD)))
        assert ping(child).startswith(b"\x0a\x02hi")
        assert child.forked is self.forked
        assert child.start_ticks == start_ticks(child.pid)
        host.stop(child)
        assert state_of(child.pid) == "gone"  # not even a zombie
        until(lambda: [one for one in host.exits if one.child == child], "the exit is told")
        assert not os.path.exists(child.socket)

    @pytest.mark.parametrize(
        ("text", "said", "status"),
        [
            ("import missing_dependency", "missing_dependency", 1),
            ("import ctypes; ctypes.string_at(0)", "SIGSEGV", -signal.SIGSEGV),
        ],
    )
    def test_a_load_that_fails_in_its_own_way_says_why(
        self, host: Host, code: Write, text: str, said: str, status: int
    ) -> None:
        with pytest.raises(StartFailed) as failed:
            host.start(host.spec(self.location, code(text)))
        assert said in failed.value.reason
        assert failed.value.status == status

    def test_what_a_failed_load_forked_dies_with_it(self, host: Host, code: Write, tmp_path: Path) -> None:
        env = child_env(PIDS=str(tmp_path / "pids"))
        with pytest.raises(StartFailed, match="after the fork"):
            host.start(host.spec(self.location, code(FORKS), env=env))
        (pid,) = (tmp_path / "pids").read_text().split()
        until(lambda: state_of(int(pid)) == "gone", "the forked process is gone, and reaped")

    def test_a_probe_reports_what_its_location_read(self, host: Bench, code: Write, tmp_path: Path) -> None:
        (tmp_path / "more").mkdir()
        text = host.texts.reads + (
            "import os, own_module\nos.listdir('more')\nopen('written.txt', 'w').close()\n"
        )
        (tmp_path / "own_module.py").write_text("import os\nos.environ.get('OWN')\nos.getenv('TABLE')\n")
        report = self.reported(host, code(text), tmp_path)
        assert report.modules["own_module"] == str(tmp_path / "own_module.py")
        assert "dagster" in report.modules
        assert not [name for name in report.modules if "reef" in name]
        assert str(tmp_path / "written.txt") not in report.files_read
        assert report.dirs_listed == (str(tmp_path / "more"),)
        assert report.env_read["own_module"] == ("OWN", "TABLE")

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
