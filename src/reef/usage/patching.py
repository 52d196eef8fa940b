"""Changing values in YAML that people wrote, with its comments and its lines."""

from __future__ import annotations

import difflib
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import yaml

from reef.errors import ReefError
from reef.words import describe, headline

Path = tuple[str | int, ...]


def patched(text: str, values: Mapping[tuple[int, Path], str], file: str) -> str:
    """The text with these values, by (number of the document, path in it); all other lines stay as they are where
    ruamel.yaml can say which lines a value takes. Raises ReefError for what it cannot read."""
    try:
        plain, edited = _dumped(text, {}), _dumped(text, values)
    except ImportError:
        hint = "pip install 'dagster-reef[usage]', or pip install ruamel.yaml"
        raise ReefError("a patch of a file needs ruamel.yaml, which is not installed", hint=hint) from None
    except Exception as error:
        # ruamel.yaml reads YAML 1.2 strictly; its errors have no common class.
        raise ReefError(f"{file} cannot be changed: {headline(describe(error))}") from None
    kept = transplanted(text, plain, edited)
    return kept if kept is not None and _says(kept) == _says(edited) else edited


def diff(before: str, after: str, file: str) -> str:
    """Unified, as `patch -p1` and `git apply` take it; "" where nothing changed."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{file}", f"b/{file}"
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def transplanted(original: str, plain: str, edited: str) -> str | None:
    """What was changed from `plain` to `edited`, done to `original`, which says what `plain` says in other lines; None
    where the lines that change are written in another way there."""
    old, new, own = (each.splitlines(keepends=True) for each in (plain, edited, original))
    at: dict[int, int] = {}
    for _, first, last, begin, end in difflib.SequenceMatcher(None, old, own, autojunk=False).get_opcodes():
        if last - first == end - begin:  # the same lines, or each written in another way
            at.update(zip(range(first, last), range(begin, end), strict=True))
    done, copied = [], 0
    for tag, first, last, begin, end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        if any(number not in at for number in range(first, last)) or (first == last and first - 1 not in at):
            return None
        where = at[first] if first < last else at[first - 1] + 1
        done += own[copied:where] + new[begin:end]
        copied = where + last - first
    return "".join(done + own[copied:])


def _dumped(text: str, values: Mapping[tuple[int, Path], str]) -> str:
    from ruamel.yaml import YAML

    editor = YAML()
    editor.preserve_quotes = True
    editor.width = 1_000_000
    offset = _dash_offset(text)
    editor.indent(mapping=_mapping_indent(text), sequence=offset + 2, offset=offset)
    documents = list(editor.load_all(text))
    shared = {number: _shared(documents[number]) for number, _ in values}
    for (number, path), value in values.items():
        _set(documents[number], path, value, shared[number])
    out = io.StringIO()
    editor.dump_all(documents, out)
    return out.getvalue()


def _mapping_indent(text: str) -> int:
    """How far in the first key below another one is."""
    return next((inside for inside, is_list in _insides(text) if not is_list and inside > 0), 2)


def _dash_offset(text: str) -> int:
    """How far in the dashes of the first list are below its key."""
    return next((inside for inside, is_list in _insides(text) if is_list and inside >= 0), 0)


def _insides(text: str) -> Iterator[tuple[int, bool]]:
    """Of each line below one that is a key alone: how much further in it is, and whether an entry of a list begins."""
    before = ""
    for line in text.splitlines():
        plain = line.split(" #")[0].rstrip()
        if not plain.strip() or plain.lstrip().startswith("#"):
            continue
        if before.endswith(":"):
            yield _column(plain) - _column(before), plain.lstrip().startswith("- ")
        before = plain


def _column(line: str) -> int:
    return len(line) - len(line.lstrip())


def _set(node: Any, path: Sequence[str | int], value: str, shared: Collection[int]) -> None:
    """What an anchor shares with others becomes this place's own before it changes."""
    from ruamel.yaml.comments import CommentedMap

    for name in path[:-1]:
        if isinstance(name, str):
            inner = node.get(name)
            if inner is None:
                node[name] = CommentedMap()
            elif id(inner) in shared:
                node[name] = _own(inner)
            elif not inner and isinstance(inner, CommentedMap):
                inner.fa.set_block_style()
        node = node[name]
    node[path[-1]] = value


def _own(value: Any) -> Any:
    from ruamel.yaml.comments import CommentedMap

    if isinstance(value, dict):
        return CommentedMap({name: _own(each) for name, each in value.items()})
    return [_own(each) for each in value] if isinstance(value, list) else value


def _shared(node: Any, seen: set[int] | None = None) -> set[int]:
    """Ids of maps and lists that are at several places of a document, by an alias or a merge key."""
    seen = set() if seen is None else seen
    found: set[int] = set()
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        if not isinstance(each, dict | list):
            continue
        if id(each) in seen:
            found.add(id(each))
        else:
            seen.add(id(each))
            found |= _shared(each, seen)
    return found


def _says(text: str) -> object:
    try:
        return list(yaml.safe_load_all(text))
    except yaml.YAMLError:
        return None
