"""The files of a change: what is on the disk, and what the change has deleted, as if it were still there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache

from reef.importgraph.statements import Statements, read_statements
from reef.words import describe

_LISTED = 20_000


class Tree:
    """`deleted`: absolute path -> content before the change. Reads each file once. Blocks."""

    def __init__(self, deleted: Mapping[str, bytes] | None = None) -> None:
        self._deleted = dict(deleted or {})
        self._gone: dict[str, set[str]] = {}
        for path in self._deleted:
            self._remember(path)
        self._read: dict[str, Statements | str] = {}
        self.entries = lru_cache(_LISTED)(self._entries)

    def _remember(self, path: str) -> None:
        folder, name = os.path.split(path)
        known = name in self._gone.setdefault(folder, set())
        self._gone[folder].add(name)
        if not known and folder != path and not os.path.isdir(folder):
            self._remember(folder)

    def _entries(self, folder: str) -> frozenset[str]:
        try:
            listed = os.listdir(folder)
        except OSError:
            listed = []
        return frozenset((*listed, *self._gone.get(folder, ())))

    def has(self, folder: str, name: str) -> bool:
        return name in self.entries(folder)

    def is_folder(self, path: str) -> bool:
        return os.path.isdir(path) or (path in self._gone and path not in self._deleted)

    def is_deleted(self, path: str) -> bool:
        return path in self._deleted

    def statements(self, path: str) -> Statements | str:
        """What a Python file says, or why it cannot be read."""
        if path not in self._read:
            self._read[path] = self._statements(path)
        return self._read[path]

    def _statements(self, path: str) -> Statements | str:
        try:
            return read_statements(self.content(path))
        except SyntaxError as error:
            return f"line {error.lineno}: {error.msg}"
        except (OSError, ValueError) as error:
            return describe(error)

    def content(self, path: str) -> bytes:
        """Raises OSError."""
        if path in self._deleted:
            return self._deleted[path]
        with open(path, "rb") as file:
            return file.read()
