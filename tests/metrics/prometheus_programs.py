"""Prometheus' own programs (Debian: `prometheus`); tests that need one are skipped where it is missing."""

from __future__ import annotations

from shutil import which

import pytest


def promtool() -> str:
    return _found("promtool")


def prometheus() -> str:
    return _found("prometheus")


def _found(name: str) -> str:
    path = which(name)
    if path is None:
        pytest.skip(f"{name} is not on PATH; Debian has it in the package `prometheus`")
    return path
