"""Whether an annotation may become text that only type checkers read."""

from __future__ import annotations

import libcst as cst

from reef.doctor.fixing.occurrences import Annotated, Occurrence, Survey
from reef.doctor.fixing.syntax import dotted

# Decorators that leave annotations alone. Any other may evaluate them, as Dagster's do.
_LEAVE_ALONE = frozenset(
    (
        *("staticmethod", "classmethod", "property", "setter", "getter", "deleter", "abstractmethod"),
        *("overload", "override", "final", "deprecated", "no_type_check"),
        *("cache", "lru_cache", "cached_property", "contextmanager", "asynccontextmanager"),
    )
)
_SIGNATURES = ("__init__", "__new__", "__call__")


def why_evaluated(annotated: Annotated, found: Survey) -> str | None:
    """Who may evaluate it, for a message; None where nobody is known to."""
    if annotated.what == "type":
        return None
    if annotated.function is None:
        return _of_class(annotated.inside) if annotated.inside is not None else None
    name = annotated.function.name.value
    for decorator in found.decorators[annotated.function]:
        if decorator.rpartition(".")[2] not in _LEAVE_ALONE:
            return f"@{decorator or 'its decorator'} may evaluate the annotations of {name}"
    if annotated.inside is not None:
        if name in _SIGNATURES and (why := _of_class(annotated.inside)):
            return why
        return _decorated(annotated.inside)
    if any(_hands_on(use, annotated.function, found) for use in found.uses if use.name == name):
        return f"{name} is handed on while loading, and who gets it may evaluate its annotations"
    return None


def _of_class(one: cst.ClassDef) -> str | None:
    if one.bases or one.keywords:
        base = dotted(one.bases[0].value) if one.bases else ""
        return f"{base or 'a base'} may evaluate the annotations of class {one.name.value}"
    return _decorated(one)


def _decorated(one: cst.ClassDef) -> str | None:
    if one.decorators:
        return f"a decorator may evaluate the annotations of class {one.name.value}"
    return None


def _hands_on(use: Occurrence, function: cst.FunctionDef, found: Survey) -> bool:
    spot = use.spot
    if use.called or spot.host is not None or spot.guard or spot.annotated is not None:
        return False
    return function in spot.scope.owner(use.name).functions.get(use.name, ())


def quoted(annotation: cst.Annotation) -> cst.SimpleString | None:
    """The annotation as text; None where it has quotes of both kinds, a backslash or several lines."""
    text = cst.Module([]).code_for_node(annotation.annotation)
    if "\\" in text or "\n" in text or "\r" in text or "#" in text:
        return None
    for quote in ('"', "'"):
        if quote not in text:
            return cst.SimpleString(f"{quote}{text}{quote}")
    return None
