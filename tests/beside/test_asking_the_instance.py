"""How long Dagster's instance is waited for. The interpreters are fakes: scripts that answer late, or never."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from deadlines import scaled
from reef.beside.instance import ask

COMPUTES = """#!/bin/sh
exec python3 -c 'import time
while time.process_time() < 2: pass
print("[1]")'
"""
HANGS = "#!/bin/sh\nexec sleep 600\n"


def interpreter(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def test_one_that_still_computes_is_only_slow(tmp_path: Path) -> None:
    assert asyncio.run(ask(interpreter(tmp_path / "slow", COMPUTES), os.environ, "", patience_s=0.2)) == [1]


def test_one_that_waits_for_something_is_given_up(tmp_path: Path) -> None:
    hangs = interpreter(tmp_path / "hangs", HANGS)
    asked = time.monotonic()
    with pytest.raises(TimeoutError):
        asyncio.run(ask(hangs, os.environ, "", patience_s=0.2))
    assert time.monotonic() - asked < scaled(5)
