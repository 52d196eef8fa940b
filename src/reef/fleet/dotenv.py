"""Files of NAME=VALUE lines, read as the `dotenv` library of Python reads them: Dagster does too."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping

from reef.errors import ReefError, Where
from reef.fleet.text import read_text, shown

_BINDING = re.compile(
    r"""
    [^\S\r\n]* (?:export[^\S\r\n]+)?
    (?: '(?P<quoted_name>[^']+)' | (?P<name>[^=\#\s]+) )
    [^\S\r\n]*
    (?: = [^\S\r\n]*
        (?: '(?P<single>[^'\\]*(?:\\.[^'\\]*)*)'
          | "(?P<double>[^"\\]*(?:\\.[^"\\]*)*)"
          | (?P<bare>(?!['"])[^\r\n]*)
        )
    )?
    [^\S\r\n]* (?:\#[^\r\n]*)? (?:\r\n|\n|\r|\Z)
    """,
    re.VERBOSE | re.DOTALL,
)
_NOTHING = re.compile(r"\s*(?:\#[^\r\n]*(?:\r\n|\n|\r|\Z))?")
_REFERENCE = re.compile(r"\$\{(?P<name>[^}:]*)(?::-(?P<default>[^}]*))?\}")
_SINGLE_ESCAPES = re.compile(r"\\[\\']")
_DOUBLE_ESCAPES = re.compile(r"\\[\\'\"abfnrtv]")


def read_env_file(path: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of the file; `${NAME}` and `${NAME:-default}` are filled in. Raises ReefError."""
    return parse_env(read_text(path), environ, shown(path))


def parse_env(text: str, environ: Mapping[str, str], file: str = ".env") -> dict[str, str]:
    """As `read_env_file`, from text. A name without `=` gives nothing."""
    found: dict[str, str] = {}
    for name, value in _bindings(text, file):
        if value is not None:
            found[name] = _filled_in(value, {**environ, **found})
    return found


def _bindings(text: str, file: str) -> list[tuple[str, str | None]]:
    at = _skip_nothing(text, 0)
    bindings = []
    while at < len(text):
        match = _BINDING.match(text, at)
        if match is None:
            line = text.count("\n", 0, at) + 1
            raise ReefError("is not NAME=VALUE", where=Where(file, line), hint="is a quote left open?")
        bindings.append((match["quoted_name"] or match["name"], _value(match)))
        at = _skip_nothing(text, match.end())
    return bindings


def _skip_nothing(text: str, at: int) -> int:
    while (match := _NOTHING.match(text, at)) and match.end() > at:
        at = match.end()
    return at


def _value(match: re.Match[str]) -> str | None:
    if match["single"] is not None:
        return _unescaped(_SINGLE_ESCAPES, match["single"])
    if match["double"] is not None:
        return _unescaped(_DOUBLE_ESCAPES, match["double"])
    if match["bare"] is not None:
        return re.sub(r"\s+#.*", "", match["bare"]).rstrip()
    return None


def _unescaped(escapes: re.Pattern[str], text: str) -> str:
    return escapes.sub(lambda match: str(codecs.decode(match.group(), "unicode-escape")), text)


def _filled_in(value: str, known: Mapping[str, str]) -> str:
    return _REFERENCE.sub(lambda match: known.get(match["name"], match["default"] or ""), value)
