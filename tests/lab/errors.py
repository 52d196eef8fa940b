"""What goes wrong in the lab, told to whoever started it."""

from __future__ import annotations


class LabError(Exception):
    """What failed, why, and a hint on lines of its own."""
