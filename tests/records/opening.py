"""What the fixture `opens` gives."""

from __future__ import annotations

from collections.abc import Callable

from reef.records.postgres import Database

Opens = Callable[..., Database]
"""(token, scope) -> the test's database, as a controller opens it."""
