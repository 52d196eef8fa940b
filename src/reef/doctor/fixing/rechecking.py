"""Asks the compiler itself whether a move is sound: another judge than the one that decided it."""

from __future__ import annotations

import io
import symtable
import tokenize
from collections.abc import Iterable

# What the written code asks for besides: a block for type checkers, and a `__getattr__`.
_WRITTEN = frozenset(("typing", "TYPE_CHECKING", "AttributeError", "__name__", "str", "object"))


def disagreement(before: bytes, after: bytes, gone: Iterable[str]) -> str | None:
    """`gone`: names that the module no longer binds. What the compiler finds wrong; None where all is well,
    or where this Python is too old for the source."""
    if not _compiles(before):
        return None
    if not _compiles(after):
        return "the result would not compile"
    left = _global_uses(after) & set(gone)
    new = _global_uses(after) - _global_uses(before) - _WRITTEN
    if left or new:
        return f"{', '.join(sorted(left | new))} would be bound nowhere"
    return None


def _compiles(source: bytes) -> bool:
    try:
        compile(source, "<moved>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True


def _text(source: bytes) -> str:
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    return source.decode(encoding)


def _global_uses(source: bytes) -> set[str]:
    """Names that some scope inside the module looks for in the module."""
    found: set[str] = set()
    waiting = [symtable.symtable(_text(source), "<moved>", "exec")]
    while waiting:
        table = waiting.pop()
        waiting += table.get_children()
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (symbol.is_global() or table.get_type() == "module"):
                found.add(symbol.get_name())
    return found
