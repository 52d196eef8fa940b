"""Moves imports in real public Python files, and asks the compiler about each result: `python
benchmarks/moving_imports.py [FOLDER…]`.

Nothing is written. Of each file every import at module level is tried, `--most` of them at most. Exit status
1 where a move raised, would not compile, or left a name that nothing binds.
"""

from __future__ import annotations

import argparse
import ast
import collections
import difflib
import dis
import random
import re
import sys
import time
import types
import warnings
from collections.abc import Iterator
from pathlib import Path

from reef.doctor.fixing.model import Moved, Refused
from reef.doctor.fixing.moving import move

WRITTEN = {
    "TYPE_CHECKING",
    "AttributeError",
    "__name__",
    "str",
    "object",
}  # by a block for types, and __getattr__
GLOBAL = frozenset(("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "DELETE_GLOBAL", "DELETE_NAME"))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "folders", nargs="*", default=[path for path in sys.path if path.endswith("site-packages")]
    )
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--most", type=int, default=4, help="imports of one file")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    files = sorted(path for folder in args.folders for path in Path(folder).rglob("*.py"))
    chance = random.Random(args.seed)
    chance.shuffle(files)
    counted: collections.Counter[str] = collections.Counter()
    reasons: collections.Counter[str] = collections.Counter()
    slowest, wrong, began = (0.0, ""), 0, time.perf_counter()
    for path in files[: args.files]:
        source = path.read_bytes()
        lines = import_lines(source)
        chance.shuffle(lines)
        for line in lines[: args.most]:
            started = time.perf_counter()
            fault = try_one(source, line, path, counted, reasons)
            took = time.perf_counter() - started
            slowest = max(slowest, (took, f"{path}:{line}"))
            if fault:
                wrong += 1
                print(f"{path}:{line}: {fault}", flush=True)
    print(f"{min(args.files, len(files))} files, {dict(counted)}, {time.perf_counter() - began:.0f} s")
    print(f"slowest: {slowest[0]:.1f} s, {slowest[1]}")
    for reason, number in reasons.most_common(40):
        print(f"{number:6} {reason}")
    sys.exit(1 if wrong else 0)


def import_lines(source: bytes) -> list[int]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return [1]
    found = []
    for node in tree.body:
        held = node.body if isinstance(node, ast.Try | ast.If | ast.With) else [node]
        found += [one.lineno for one in held if isinstance(one, (ast.Import, ast.ImportFrom))]
    return found


def try_one(
    source: bytes,
    line: int,
    path: Path,
    counted: collections.Counter[str],
    reasons: collections.Counter[str],
) -> str | None:
    try:
        done = move(source, line, is_package=path.name == "__init__.py")
    except Exception as error:
        counted["raised"] += 1
        return f"raised {type(error).__name__}: {error}"
    if isinstance(done, Refused):
        counted["refused"] += 1
        reasons[re.sub(r"[\w.@]*(?:[._]|\d)[\w.]*|line \d+", "…", done.reason)] += 1
        return f"refused: {done.reason}" if done.reason.startswith("it cannot be moved safely") else None
    counted["moved"] += 1
    return why_wrong(source, done)


def why_wrong(source: bytes, done: Moved) -> str | None:
    try:
        before, after = (compile(text, "<file>", "exec", dont_inherit=True) for text in (source, done.source))
    except SyntaxError as error:
        return f"does not compile: {error}"
    left = set(done.names) - set(done.typing_only)
    asked = {name for code in codes(after) for name in globals_of(code)}
    if asked & left:
        return f"still asks the module for {asked & left}"
    earlier = {name for code in codes(before) for name in globals_of(code)}
    if new := asked - earlier - WRITTEN:
        return f"asks the module for {new}, which was not asked before"
    return why_not_whole(source, done) or why_not_twice(done)


def codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from codes(constant)


def globals_of(code: types.CodeType) -> Iterator[str]:
    for instruction in dis.get_instructions(code):
        if instruction.opname in GLOBAL:
            yield str(instruction.argval)


def why_not_whole(source: bytes, done: Moved) -> str | None:
    """Lines that are gone may be of the import, of functions on one line, or signatures with new quotes; no
    others."""
    old, new = (text.splitlines() for text in (source, done.source))
    changed = difflib.SequenceMatcher(None, old, new, autojunk=False)
    gone = [
        line for tag, a, b, _, _ in changed.get_opcodes() if tag in ("replace", "delete") for line in old[a:b]
    ]
    kept = {line.strip() for line in new}
    for line in gone:
        bare = line.strip()
        if bare in kept:
            continue
        if bare and not re.search(rb"import|def |:|->|\(|\)|,$|^[\w, #.]+$", bare):
            return f"lost the line {bare!r}"
    return None


def why_not_twice(done: Moved) -> str | None:
    """What moved once has nothing left to move."""
    text = done.source.splitlines()
    for line in import_lines(done.source):
        if not any(name.encode() in text[line - 1] for name in done.names):
            continue
        again = move(done.source, line)
        if isinstance(again, Moved) and set(again.names) & set(done.names) - set(done.typing_only):
            return f"moves {again.names} again"
    return None


if __name__ == "__main__":
    main()
