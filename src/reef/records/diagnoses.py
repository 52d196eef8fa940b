"""What `reef doctor` found last of each location, for the host's page: a file for each, below the state directory."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from reef.statedir import slug, write_atomic

FOLDER = "doctor"


class KeptDiagnosis(msgspec.Struct, frozen=True):
    """`at` in unix seconds; `lines` are for people, the costliest finding first."""

    at: float
    lines: tuple[str, ...]


def keep_diagnosis(state: Path, name: str, kept: KeptDiagnosis) -> None:
    """Blocking. Where nothing was ever served from this state directory, or it fails, nothing is kept."""
    if not state.is_dir():
        return
    with contextlib.suppress(OSError):
        (state / FOLDER).mkdir(mode=0o700, exist_ok=True)
        write_atomic(state / FOLDER / f"{slug(name)}.json", msgspec.json.encode(kept))


def kept_diagnosis(state: Path, name: str) -> KeptDiagnosis | None:
    """Blocking. None where there is none, or one that cannot be read."""
    try:
        return msgspec.json.decode((state / FOLDER / f"{slug(name)}.json").read_bytes(), type=KeptDiagnosis)
    except (OSError, msgspec.MsgspecError):
        return None
