"""TOML with lines: `tomllib` gives none, so a setting's line is looked for in the text."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from reef.errors import ReefError, Where
from reef.fleet.text import read_text, shown
from reef.words import describe


@dataclass(frozen=True)
class TomlTable:
    """One table of a TOML file. `path` is its dotted name, "" for the whole file."""

    data: Mapping[str, object]
    path: str
    file: str
    text: str

    def table(self, name: str) -> TomlTable:
        """A table in it, empty where it is not there. Raises ReefError where it is no table."""
        value = self.data.get(name, {})
        if not isinstance(value, dict):
            raise self.error(name, "must be a table")
        return TomlTable(value, self._path(name), self.file, self.text)

    def tables(self, name: str) -> list[TomlTable]:
        """The tables of an array in it. Raises ReefError where it is something else."""
        value = self.data.get(name, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise self.error(name, "must be a list of tables")
        return [
            TomlTable(each, f"{self._path(name)}[{at}]", self.file, self.text)
            for at, each in enumerate(value)
        ]

    def string(self, name: str) -> str | None:
        """A text in it, None where it is not there or empty. Raises ReefError where it is something else."""
        value = self.data.get(name)
        if value is not None and not isinstance(value, str):
            raise self.error(name, f"= {value!r}, must be a string")
        return value or None

    def required(self, name: str) -> str:
        """As `string`, and raises ReefError where there is none."""
        value = self.string(name)
        if value is None:
            raise self.error(name, "is missing")
        return value

    def where(self, name: str) -> Where:
        """The line of a setting, or of its table, or only the file."""
        value = self.data.get(name)
        said = rf"\s*=\s*[\"']{re.escape(value)}[\"']" if isinstance(value, str) else r"\b"
        table = re.escape(re.sub(r"\[\d+\]$", "", self.path))
        for pattern in (rf"\b{re.escape(name)}[\"']?{said}", rf"^\s*\[+{table}\]"):
            if found := re.search(pattern, self.text, re.MULTILINE):
                return Where(self.file, self.text.count("\n", 0, found.start()) + 1)
        return Where(self.file)

    def error(self, name: str, message: str, hint: str | None = None) -> ReefError:
        """An error about a setting of this table."""
        return ReefError(f"{self._path(name)} {message}", where=self.where(name), hint=hint)

    def _path(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def read_toml(path: str) -> TomlTable:
    """The whole file. Raises ReefError."""
    text = read_text(path)
    try:
        return TomlTable(tomllib.loads(text), "", shown(path), text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", describe(error))  # else "at end of document"
        where = Where(shown(path), int(line.group(1)) if line else max(1, len(text.splitlines())))
        raise ReefError(f"is not valid TOML: {describe(error)}", where=where) from None
