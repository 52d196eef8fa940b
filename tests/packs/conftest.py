from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "hosting"))

from conftest_hosting import code
from packbench import PackBench

__all__ = ["code"]


@pytest.fixture(scope="session")
def short_tmp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("p")


@pytest.fixture(scope="session")
def host(short_tmp: Path) -> Iterator[PackBench]:
    """Container `one` serves x0 alone, `many` serves f0 to f3 from a zygote."""
    made = PackBench(short_tmp / "r", {"one": ["x0"], "many": ["f0", "f1", "f2", "f3"]})
    made.until(lambda: made.state("many").zygote, "the zygote of `many` stands")
    yield made
    made.close()
