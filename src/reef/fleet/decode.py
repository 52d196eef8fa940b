"""From a document with positions to the models, so that every error names its line and its path."""

from __future__ import annotations

import types
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from reef.fleet.document import Item
from reef.fleet.suggest import did_you_mean, template_hint

S = TypeVar("S", bound=Struct)


def decoded(item: Item, model: type[S], must_be: str = "a map of settings") -> S:
    """The item as an instance of `model`; a value that is not there counts as an empty map. Raises ReefError."""
    if item.value is not None and not isinstance(item.value, dict):
        raise item.invalid(must_be, _hint(item))
    hints = fields_of(model)
    for name, entry in item.entries.items():
        if name not in hints:
            raise entry.error("is not a setting", did_you_mean(name, hints))
    for name in _required(model):
        if name not in item.entries:
            raise item.error(f"has no {name}", f"{name} is {_must_be(hints[name])}")
    return model(**{name: _field(entry, hints[name]) for name, entry in item.entries.items()})


@cache
def _required(model: type[Struct]) -> tuple[str, ...]:
    return tuple(field.name for field in msgspec.structs.fields(model) if field.required)


@cache
def fields_of(model: type[Struct]) -> dict[str, Any]:
    """The annotation of each field, in order, inherited ones first."""
    hints = get_type_hints(model, include_extras=True)
    return {name: hints[name] for name in model.__struct_fields__}


def meta_of(annotation: Any) -> msgspec.Meta:
    """The description, and the end of the error sentence, of a field."""
    metas = [each for each in annotation.__metadata__ if isinstance(each, msgspec.Meta)]
    return next((each for each in metas if each.extra), metas[-1])


def _must_be(annotation: Any) -> str:
    extra = meta_of(annotation).extra or {}
    return str(extra["must_be"])


def _field(item: Item, annotation: Any) -> Any:
    must_be = _must_be(annotation)
    if isinstance(item.value, dict):
        for each in _alternatives(annotation):
            if isinstance(each, type) and issubclass(each, Struct):
                return decoded(item, each, must_be)
            if get_origin(each) is dict and _is_struct(get_args(each)[1]):
                return {name: decoded(entry, get_args(each)[1]) for name, entry in item.entries.items()}
    if isinstance(item.value, str) and (hint := _hint(item)) and not _is_free(item):
        raise item.error(f"= {item.said()} is not filled in", hint)
    try:
        return msgspec.convert(item.value, annotation)
    except msgspec.ValidationError:
        if _is_free(item):
            raise item.error(f"must be {must_be}") from None
        raise item.invalid(must_be, _hint(item)) from None


def _is_free(item: Item) -> bool:
    """Whether its values are nobody's business: they may be secrets, and may hold any characters."""
    return item.path.endswith(".env")


def _hint(item: Item) -> str | None:
    return template_hint(item.raw or "")


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


def _alternatives(annotation: Any) -> Iterator[Any]:
    """The members of a union, however deeply annotated."""
    if get_origin(annotation) is Annotated:
        yield from _alternatives(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, types.UnionType):
        for each in get_args(annotation):
            yield from _alternatives(each)
    else:
        yield annotation
