"""What the user wrote: models, readers, writers."""

from __future__ import annotations

from reef.fleet.reading import read

__all__ = ["read"]
