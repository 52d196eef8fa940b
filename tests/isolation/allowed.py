"""What a forked server's state may differ in from a fresh interpreter's, each with the reason."""

from __future__ import annotations

import re

ALLOWED: dict[str, str] = {}
"""Regular expression for a key of the state -> why that may differ."""


def not_allowed(differences: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Differences in what is there on one side only by way of a module are the module's."""
    return {key: pair for key, pair in differences.items() if not any(re.match(one, key) for one in ALLOWED)}
