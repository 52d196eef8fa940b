"""An environment with the whole corpus in it, and the fixtures that these tests share with others."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "environments"))
sys.path.insert(0, str(Path(__file__).parents[1] / "e2e"))
sys.path.insert(0, str(Path(__file__).parents[1] / "hosting"))
import corpus
from shared_hosts import folder, start
from wheelhouse import make_environment

__all__ = ["folder", "start"]


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has every wheel of the corpus, and no Dagster."""
    wheels = (*corpus.LIBRARIES, *corpus.EFFECTS, *corpus.INNOCENT)
    return make_environment(tmp_path_factory.mktemp("corpus") / "venv", wheels)
