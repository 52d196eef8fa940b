"""What the fields of one location's pod and container mean for where it may run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reef.decide.placements.fields import BY_PATH, KUBERNETES, Row, Verdict

UNKNOWN = (
    f"Reef does not know this field (its table is that of Kubernetes {KUBERNETES}), and a pod of its own keeps it, "
    "whatever it means."
)
_HAS_PARTS = frozenset(path[:end] for path in BY_PATH for end in range(len(path)) if path[end] in ".[")


@dataclass(frozen=True)
class Judged:
    """One field that is set. `where` is where, with names of elements: `pod.volumes[scratch].csi`."""

    path: str
    where: str
    verdict: Verdict
    why: str
    value: object


def judged(document: Mapping[str, object]) -> tuple[Judged, ...]:
    """Every field of a document with the sections `pod`, `container` and `metadata`, in Kubernetes' own form.

    What is empty says nothing, so it is left out.
    """
    return tuple(each for section, fields in document.items() for each in _parts(section, section, fields))


def _parts(path: str, where: str, value: object) -> Iterator[Judged]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _field(f"{path}.{name}", f"{where}.{name}", each)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _parts(f"{path}[]", f"{where}[{_name(each, number)}]", each)


def _name(element: object, number: int) -> str:
    name = element.get("name") if isinstance(element, Mapping) else None
    return name if isinstance(name, str) else str(number)


def _field(path: str, where: str, value: object) -> Iterator[Judged]:
    if value is None or value == "" or (isinstance(value, Mapping | list) and not value):
        return
    rows = BY_PATH.get(path)
    if rows is None:
        yield Judged(path, where, "own_pod", UNKNOWN, value)
    elif path in _HAS_PARTS:
        yield from _parts(path, where, value)
    elif len(rows) == 1 or not isinstance(value, Mapping | list):
        yield _by_rows(rows, where, value)
    else:
        for each in value:
            yield _by_rows(rows, f"{where}[{each}]", each)


def _by_rows(rows: tuple[Row, ...], where: str, value: object) -> Judged:
    row = next(row for row in rows if row.holds(value))
    return Judged(row.path, where, row.verdict, row.why, value)
