"""Measuring: what is read from /proc is what a process of known size has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import measure
from deadlines import scaled
from processes import processes

_HOLDS_50_MB = "import sys; held = b'x' * 50_000_000; print('there', flush=True); sys.stdin.read()"


def test_memory_of_a_tree_counts_its_children() -> None:
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_HOLDS_50_MB!r}])"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        alone, whole = measure.memory([parent.pid]), measure.memory(measure.tree(parent.pid))
        assert parent.stdin is not None
        parent.stdin.close()
    assert whole.private - alone.private >= 50_000_000
    assert whole.pss >= whole.private
    assert alone.private < 50_000_000


def test_multiplying_grows_what_is_private_and_keeps_what_is_shared() -> None:
    four = measure.Memory(pss=420, private=400)
    assert measure.multiply(four, 4, 50) == measure.Memory(pss=5020, private=5000)


@pytest.mark.parametrize(("percent", "expected"), [(50, 50), (99, 99), (100, 100), (1, 1)])
def test_percentiles_are_nearest_ranks(percent: float, expected: int) -> None:
    assert measure.percentile(range(1, 101), percent) == expected


def test_waiting_names_what_did_not_come() -> None:
    with pytest.raises(TimeoutError, match="a miracle"):
        measure.wait_for(lambda: None, "a miracle", 0.01, every_s=0.001)


def test_measured_processes_write_bytecode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    assert "PYTHONDONTWRITEBYTECODE" not in measure.environ()


def _fails_amid(pids: list[int], folders: list[Path]) -> None:
    with processes("reef-test-") as running:
        folders.append(running.folder)
        nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_HOLDS_50_MB!r}])"
        process = running.start([sys.executable, "-c", nested], log="nested", pipe=True)
        assert process.stdout is not None
        process.stdout.readline()
        pids += measure.tree(process.pid)
        raise KeyboardInterrupt


def test_all_processes_end_when_the_benchmark_fails() -> None:
    pids: list[int] = []
    folders: list[Path] = []
    with pytest.raises(KeyboardInterrupt):
        _fails_amid(pids, folders)
    assert len(pids) == 2
    measure.wait_for(lambda: not any(measure.start_ticks(pid) for pid in pids), "their end", scaled(5))
    assert not folders[0].exists()
    assert os.getpid() not in pids
