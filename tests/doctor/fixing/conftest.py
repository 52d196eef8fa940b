"""A package that stands for a heavy one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from simulated import PLAIN

_FILES = {
    "heavy/__init__.py": (
        "VALUE = 7\nLIST = [1, 2]\ndef parse(x): return x * 2\ndef deco(f): return f\nclass Base: pass\n"
    ),
    "heavy/sub.py": "NAME = 'sub'\n",
    "light_twin/__init__.py": "",
    "light_twin/one.py": "NAME = 'one'\n",
    "light_twin/two.py": "NAME = 'two'\n",
    "moved_cases/__init__.py": "",
    "moved_cases/near.py": "NAME = 'near'\n",
}


@pytest.fixture(scope="session")
def heavy_package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder that has it, which is on the path."""
    folder = tmp_path_factory.mktemp("heavy")
    for name, text in _FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


@pytest.fixture
def defs(tmp_path: Path) -> Path:
    """A file with one import to move."""
    file = tmp_path / "defs.py"
    file.write_text(PLAIN)
    return file
