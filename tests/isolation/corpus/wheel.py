"""What one wheel of the corpus is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Wheel:
    """`says` what an import of it does. `source` is its `__init__.py`, `more` its other files by path in the wheel.

    Whatever module of it has the effect, an import of `name` leads there.
    """

    name: str
    says: str
    source: str
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, str]:
        return {f"{self.name}/__init__.py": self.source, **self.more}

    @property
    def modules(self) -> tuple[str, ...]:
        """All its modules, a package before what is in it."""
        names = [path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in self.files]
        return tuple(sorted(names))
