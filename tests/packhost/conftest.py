from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pack_process import GOOD

Write = Callable[..., Path]

for folder in ("hosting", "packs"):
    sys.path.insert(0, str(Path(__file__).parents[1] / folder))


@pytest.fixture
def code(tmp_path: Path) -> Write:
    """Writes the code of a location; its file's name is told by its ListRepositories."""

    def write(name: str = "good", text: str = GOOD) -> Path:
        path = tmp_path / f"{name}.py"
        path.write_text(text)
        return path

    return write
