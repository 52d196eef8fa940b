"""What the user wrote: models, readers, writers."""

from __future__ import annotations

from reef.fleet.inherited import inheriting
from reef.fleet.reading import read

__all__ = ["inheriting", "read"]
