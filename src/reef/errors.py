"""Errors a user can cause; the command line prints them without a traceback and exits 2."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Where:
    """A place in a file: `line` is 1-based, None where only the file is known."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


class ReefError(Exception):
    """What failed, the value, what is allowed; `hint` is the cure."""

    exit_code = 2

    def __init__(self, message: str, *, where: Where | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        head = f"{self.where}: {self.message}" if self.where else self.message
        return f"{head}\nhint: {self.hint}" if self.hint else head


class NotDone(ReefError):
    """What was asked for makes sense, and could not be done: exit status 1, so that a script can tell it from a
    mistake."""

    exit_code = 1
