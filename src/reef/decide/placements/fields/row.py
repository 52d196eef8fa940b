"""One row of the table of fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# kept: a location has it in a pack as in a pod of its own. key: locations that say the same may share a pack.
# own_pod: only a pod of its own keeps it. refused: no placement of Reef has it.
Verdict = Literal["kept", "key", "own_pod", "refused"]
Scalar = str | int | float | bool


@dataclass(frozen=True)
class Row:
    """What becomes of one field of a pod or a container.

    `path` is the field's place in Kubernetes' own API: `pod.volumes[].secret.items[].key`, `container.image`. `why` is
    a sentence for people. With `values` the row holds for these values alone: of a list for these elements, of a map
    for these keys. Rows of one path are asked in their order, and the last of them has no `values`.
    """

    path: str
    verdict: Verdict
    why: str
    values: tuple[Scalar, ...] | None = None

    def holds(self, value: object) -> bool:
        """Whether it speaks of that value."""
        return self.values is None or value in self.values


def kept(paths: str, why: str, values: tuple[Scalar, ...] | None = None) -> tuple[Row, ...]:
    """A row for each of the paths, which are apart by blanks."""
    return tuple(Row(path, "kept", why, values) for path in paths.split())


def key(paths: str, why: str) -> tuple[Row, ...]:
    """As `kept`."""
    return tuple(Row(path, "key", why) for path in paths.split())


def own_pod(paths: str, why: str) -> tuple[Row, ...]:
    """As `kept`."""
    return tuple(Row(path, "own_pod", why) for path in paths.split())


def refused(paths: str, why: str) -> tuple[Row, ...]:
    """As `kept`."""
    return tuple(Row(path, "refused", why) for path in paths.split())


def below(parent: str, names: str) -> str:
    """`parent.name` for each of the names."""
    return " ".join(f"{parent}.{name}" for name in names.split())
