"""The token of one life of a host, without which its buttons do nothing."""

from __future__ import annotations

import secrets
from pathlib import Path

from reef.statedir import write_atomic


def new_token(path: Path) -> str:
    """Of this life of the host: written to a file that only its user reads. Blocks."""
    token = secrets.token_urlsafe(24)
    write_atomic(path, f"{token}\n".encode(), lasting=False)
    return token
