"""One benchmark whole: JSON with the promised bars, an exit status that agrees with them, nothing left running."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deadlines import scaled

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "gateway.py"


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """Sockets' paths have 107 bytes at most, which pytest's own folders use up."""
    with tempfile.TemporaryDirectory(prefix="rb-") as folder:
        yield Path(folder)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_gateway_benchmark_says_whether_its_bars_hold(short_folder: Path) -> None:
    env = {**os.environ, "TMPDIR": str(short_folder), "XDG_STATE_HOME": str(short_folder)}
    fewer = ["--rounds", "60", "--polled", "50"]
    command = [sys.executable, str(SCRIPT), "--quick", *fewer, "--json", "--svg", str(short_folder / "g.svg")]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=scaled(220), check=False)
    assert done.stdout, done.stderr[-3000:]
    printed = json.loads(done.stdout)
    assert len(printed["bars"]) == 3
    assert all(set(bar) == {"name", "value", "unit", "bar", "holds"} for bar in printed["bars"])
    assert all(bar["value"] < 50 for bar in printed["bars"]), "milliseconds, whatever else runs here"
    assert done.returncode == (0 if all(bar["holds"] for bar in printed["bars"]) else 1)
    assert (short_folder / "g.svg").read_text().startswith("<svg")
    mine = str(short_folder).encode()
    left = [pid for pid in os.listdir("/proc") if pid.isdigit() and mine in _command_line(pid)]
    assert left == []
    assert not list(short_folder.glob("reef-gateway-*"))


def _command_line(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
