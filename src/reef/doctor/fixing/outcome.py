"""What `reef doctor --fix` did, for people and for programs."""

from __future__ import annotations

from typing import Literal

import msgspec

Status = Literal["moved", "refused", "undone", "planned"]


class Into(msgspec.Struct, frozen=True):
    """`line`: of the function's `def` before anything moved."""

    function: str
    line: int


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One statement. `offered`: names that its module brings when others ask for them. `kept`: names of it that stay,
    with the reason."""

    file: str
    line: int
    names: tuple[str, ...]
    into: tuple[Into, ...]
    typing_only: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Proved(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of private memory and seconds of one load: promised by the diagnosis, and measured before and
    after."""

    location: str
    promised_bytes: int
    promised_s: float
    saved_bytes: int
    saved_s: float


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Of one cause. `reason`, `file` and `line` say why it was refused or undone."""

    module: str
    status: Status
    changes: tuple[Change, ...] = ()
    proved: tuple[Proved, ...] = ()
    reason: str = ""
    file: str = ""
    line: int = 0


class Cured(msgspec.Struct, frozen=True, kw_only=True):
    """`diff`: all that changed, or with `--diff` would change, as `git diff` writes it."""

    outcomes: tuple[Outcome, ...]
    diff: str = ""
