"""Versions that can be run again: their settings, and what was recorded of them."""

from __future__ import annotations

import time

import msgspec

from reef.fleet.model import Location
from reef.records.served import ServedRecord

FORMAT = 1
MOST = 5  # of one location, besides the one that is served


class KeptVersion(msgspec.Struct, frozen=True):
    """`spec` holds the values of variables: its file is for its user alone (0600, in a 0700 folder)."""

    record: ServedRecord
    spec: Location
    not_kept: str | None = None  # why it cannot be run again
    kept_at: float = 0.0  # unix seconds
    beside: dict[str, str] = {}  # modules that its load did not import: absolute path -> digest
    format: int = FORMAT


def kept_now(
    record: ServedRecord, spec: Location, not_kept: str | None, beside: dict[str, str]
) -> KeptVersion:
    return KeptVersion(record, spec, not_kept, time.time(), beside)
