"""The chart `charts/reef`, rendered by the real helm, and installed into a real API server."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from helming import NO_HELM, helm_program

sys.path.insert(0, str(Path(__file__).parents[1] / "kube" / "objects"))


@pytest.fixture(scope="session")
def helm() -> Path:
    """The program. Skips where there is none."""
    found = helm_program()
    if found is None:
        pytest.skip(NO_HELM)
    return found
