"""CodeLocations of files against those of a cluster, field by field. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from reef.cluster.kinds import Document
from reef.kube.objects.versions import LIVE

State = Literal["added", "changed", "same", "only_there"]
_KEYS = ("name", "mountPath", "key")  # what the elements of a list are known by
_METADATA = ("labels", "annotations")
# Values of variables may be secrets.
_HIDDEN = re.compile(r"(^|\.)env\[[^]]*\]\.value$|^spec\.(envDefaults|container_context|helm)(\.|$)")
_MISSING = object()


@dataclass(frozen=True)
class FieldChange:
    """One field. `before` and `after` are None where it is not there, or `hidden`."""

    path: str
    kind: Literal["added", "changed", "removed"]
    before: Any = None
    after: Any = None
    hidden: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "kind": self.kind,
            "before": self.before,
            "after": self.after,
            "hidden": self.hidden,
        }


@dataclass(frozen=True)
class Difference:
    """One CodeLocation. `new_version`: it would be tried before it is served."""

    name: str
    state: State
    new_version: bool = False
    changes: tuple[FieldChange, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "state": self.state,
            "new_version": self.new_version,
            "changes": [each.to_json() for each in self.changes],
        }


def differences(wanted: Iterable[Document], there: Iterable[Document]) -> list[Difference]:
    """By name. Documents of one namespace, as files have them and as the API server has them."""
    ours = {each["metadata"]["name"]: each for each in wanted}
    theirs = {each["metadata"]["name"]: each for each in there}
    return [_one(name, ours.get(name), theirs.get(name)) for name in sorted({*ours, *theirs})]


def _one(name: str, wanted: Document | None, there: Document | None) -> Difference:
    if wanted is None:
        return Difference(name, "only_there")
    if there is None:
        return Difference(name, "added", "server" not in wanted["spec"])
    found = tuple(_changes(wanted, there))
    tried = any(_makes_a_version(each.path) for each in found) and "server" not in wanted["spec"]
    return Difference(name, "changed" if found else "same", tried, found)


def _makes_a_version(path: str) -> bool:
    section, _, rest = path.partition(".")
    return section == "spec" and re.split(r"[.\[]", rest, maxsplit=1)[0] not in LIVE


def _changes(wanted: Document, there: Document) -> Iterable[FieldChange]:
    yield from _compared("spec", wanted["spec"], there["spec"])
    for section in _METADATA:
        ours = wanted["metadata"].get(section) or {}
        theirs = there["metadata"].get(section) or {}
        own = {name: theirs[name] for name in ours if name in theirs}  # others are for others
        yield from _compared(f"metadata.{section}", ours, own)


def _compared(path: str, ours: Any, theirs: Any) -> Iterable[FieldChange]:
    if ours == theirs:
        return
    mine, others = _parts(ours), _parts(theirs)
    if mine is None or others is None:
        yield _change(path, theirs, ours)
        return
    for name in dict.fromkeys([*mine, *others]):
        at = f"{path}{name}"
        if name not in others:
            yield _change(at, _MISSING, mine[name])
        elif name not in mine:
            yield _change(at, others[name], _MISSING)
        else:
            yield from _compared(at, mine[name], others[name])


def _parts(value: Any) -> Mapping[str, Any] | None:
    """What is inside, by the end of its path; None for what is compared as a whole."""
    if isinstance(value, Mapping):
        return {f".{name}": each for name, each in value.items()}
    if isinstance(value, list) and (key := _key(value)):
        return {f"[{each[key]}]": each for each in value}
    return None


def _key(elements: Sequence[Any]) -> str | None:
    for key in _KEYS:
        names = [each.get(key) for each in elements if isinstance(each, Mapping)]
        if len(names) == len(elements) == len({str(name) for name in names}) and None not in names:
            return key
    return None


def _change(path: str, before: Any, after: Any) -> FieldChange:
    kind: Literal["added", "changed", "removed"] = (
        "added" if before is _MISSING else "removed" if after is _MISSING else "changed"
    )
    if _HIDDEN.search(path):
        return FieldChange(path, kind, hidden=True)
    old, new = (None if each is _MISSING else without_values(each) for each in (before, after))
    return FieldChange(path, kind, old, new)


def without_values(value: Any) -> Any:
    """The same without values of variables in it: elements of lists that are called `env`."""
    if isinstance(value, list):
        return [without_values(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    if value.keys() == {"name", "value"}:
        return {"name": value["name"], "value": "…"}
    return {name: without_values(each) for name, each in value.items()}
