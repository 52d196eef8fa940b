"""YAML with positions: every value knows its line and its path, so that every error can name both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from reef.errors import ReefError, Where
from reef.fleet.suggest import template_hint
from reef.fleet.text import read_text, shown
from reef.words import describe, headline

_MERGE = "tag:yaml.org,2002:merge"
_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_MOST_VALUES = 100_000  # aliases can make a small file enormous


@dataclass(frozen=True)
class Item:
    """One value of a document. `value` is plain data; `raw` a scalar's own text; `line` is 1-based."""

    value: object
    path: str
    where: Where
    raw: str | None = None
    entries: dict[str, Item] = field(default_factory=dict)  # of a mapping
    elements: tuple[Item, ...] = ()  # of a list

    def error(self, message: str, hint: str | None = None) -> ReefError:
        """An error about this value: `PATH MESSAGE`, at its line."""
        return ReefError(f"{self.path or 'the document'} {message}", where=self.where, hint=hint)

    def invalid(self, must_be: str, hint: str | None = None) -> ReefError:
        """`PATH = VALUE, must be MUST_BE`, at its line."""
        return self.error(f"= {self.said()}, must be {must_be}", hint)

    def said(self) -> str:
        """The value as the user would recognise it, shortened."""
        if isinstance(self.value, dict):
            return "{" + ", ".join(self.entries) + "}"
        if isinstance(self.value, list):
            return f"a list of {len(self.value)}"
        text = _quoted(self.value)
        return text if len(text) <= 80 else text[:77] + "..."


def _quoted(value: object) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)


class _Loader(yaml.SafeLoader):
    """YAML as Dagster reads it: a date is a string."""

    yaml_implicit_resolvers = {  # noqa: RUF012  PyYAML's own way
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def read_document(path: str) -> Item:
    """The one document of a YAML file; the value of an empty file is None. Raises ReefError."""
    return parse_document(read_text(path), shown(path))


def parse_document(text: str, file: str) -> Item:
    """As `read_document`, from text; `file` is only a name for messages."""
    return _parsed(text, file, single=True)[0]


def parse_documents(text: str, file: str) -> list[Item]:
    """Every document of a text that has several, empty ones left out. Raises ReefError."""
    return [each for each in _parsed(text, file, single=False) if each.value is not None]


def _parsed(text: str, file: str, single: bool) -> list[Item]:
    hint = template_hint(text)
    try:
        loader = _Loader(text)
        if single:
            node = loader.get_single_node()
            return [_Builder(loader, file).item(node, "") if node else Item(None, "", Where(file))]
        found = []
        while loader.check_node() and (node := loader.get_node()):
            found.append(_Builder(loader, file).item(node, ""))
        return found
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        said = " ".join(part for part in (error.context, error.problem) if part)
        raise ReefError(f"is not valid YAML: {said}", where=Where(file, line), hint=hint) from None
    except (yaml.YAMLError, ValueError) as error:
        first = headline(describe(error))
        raise ReefError(f"is not valid YAML: {first}", where=Where(file), hint=hint) from None
    except RecursionError:
        raise ReefError("is nested too deeply", where=Where(file)) from None


class _Builder:
    def __init__(self, loader: _Loader, file: str) -> None:
        self._loader = loader
        self._file = file
        self._open: set[int] = set()  # nodes being built: an alias to one of them is a circle
        self._built = 0

    def item(self, node: yaml.Node, path: str, line: int | None = None) -> Item:
        where = Where(self._file, line or node.start_mark.line + 1)
        self._built += 1
        if self._built > _MOST_VALUES:
            raise ReefError(f"has more than {_MOST_VALUES} values, its aliases counted", where=where)
        if isinstance(node, yaml.ScalarNode):
            _refuse_unprintable(node.value, path, where)
            value = self._loader.construct_object(node)
            return Item(value, path, where, raw=node.value)
        if id(node) in self._open:
            raise ReefError(f"{path} is an alias of what contains it", where=where)
        self._open.add(id(node))
        try:
            return self._collection(node, path, where)
        finally:
            self._open.discard(id(node))

    def _collection(self, node: yaml.Node, path: str, where: Where) -> Item:
        if isinstance(node, yaml.SequenceNode):
            elements = tuple(self.item(each, f"{path}[{index}]") for index, each in enumerate(node.value))
            return Item([each.value for each in elements], path, where, elements=elements)
        assert isinstance(node, yaml.MappingNode)
        entries = self._entries(node, path)
        return Item({key: each.value for key, each in entries.items()}, path, where, entries=entries)

    def _entries(self, node: yaml.MappingNode, path: str) -> dict[str, Item]:
        own: dict[str, Item] = {}
        merged: dict[str, Item] = {}
        for key, value in node.value:
            if key.tag == _MERGE:
                merged = {**self._merged(value, path), **merged}
                continue
            name = self._key(key, path)
            line = key.start_mark.line + 1
            if name in own:
                raise _twice(_joined(path, name), own[name].where, Where(self._file, line))
            # A key's value may begin on a later line; people look for the key.
            own[name] = self.item(value, _joined(path, name), line)
        return {**{name: each for name, each in merged.items() if name not in own}, **own}

    def _merged(self, node: yaml.Node, path: str) -> dict[str, Item]:
        if isinstance(node, yaml.MappingNode):
            return self.item(node, path).entries
        result: dict[str, Item] = {}
        for each in _mappings(node, path, self._file):
            result = {**self.item(each, path).entries, **result}
        return result

    def _key(self, node: yaml.Node, path: str) -> str:
        where = Where(self._file, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            _refuse_unprintable(node.value, path, where)
            return str(node.value)
        raise ReefError(
            f"{path or 'the document'} has a key that is not a word, such as a list or a mapping",
            where=where,
            hint=template_hint("{{"),
        )


def _mappings(node: yaml.Node, path: str, file: str) -> Iterator[yaml.MappingNode]:
    for each in node.value if isinstance(node, yaml.SequenceNode) else [node]:
        if not isinstance(each, yaml.MappingNode):
            raise ReefError(
                f"{path} merges (<<) what is no mapping", where=Where(file, each.start_mark.line + 1)
            )
        yield each


def _refuse_unprintable(text: str, path: str, where: Where) -> None:
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ReefError(
            f"{path} has a NUL or half of a surrogate pair, which no setting can have", where=where
        )


def _twice(path: str, first: Where, second: Where) -> ReefError:
    return ReefError(
        f"{path} is there twice: first at {first}",
        where=second,
        hint="names are unique; rename or remove one",
    )


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
