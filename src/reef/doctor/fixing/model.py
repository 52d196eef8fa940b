"""What a move is asked, and what comes of it. Plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Taken:
    """A statement of `file` (a real path) takes the name from this module, which it calls `module`, while it loads."""

    file: str
    module: str


@dataclass(frozen=True)
class Around:
    """What a file alone does not say about the names that it imports.

    `asked_by`: name -> `file:line` of first-party code that takes it from this module. `starred_by`:
    `file:line` of a star import of this module. `patched_by`: name -> `file:line` of a test that names it.
    `riders`: submodule -> `file:line` of code that uses it without importing it. `star_names`: module -> the
    names that a star import of it brings. `used_by`: of `asked_by`, those who use the name while they load, or may.
    `taken_by`: name -> who takes it while loading, and could take it later.
    """

    asked_by: Mapping[str, str] = field(default_factory=dict)
    starred_by: str | None = None
    patched_by: Mapping[str, str] = field(default_factory=dict)
    star_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    riders: Mapping[str, str] = field(default_factory=dict)
    used_by: Mapping[str, str] = field(default_factory=dict)
    taken_by: Mapping[str, tuple[Taken, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Receiver:
    """A function that was given an import. `line` is that of its `def` in the source before, 1-based."""

    function: str
    line: int


@dataclass(frozen=True)
class Kept:
    """A name of the same statement that stays where it is."""

    name: str
    reason: str
    line: int


@dataclass(frozen=True)
class Moved:
    """`source` is the whole new file. `names` are those that moved, `places` where to. `typing_only` names
    are imported for type checkers alone. `offered` names the module brings when others ask for them. `warnings` are
    for a person to read; they do not make the move wrong."""

    source: bytes
    names: tuple[str, ...]
    places: tuple[Receiver, ...]
    typing_only: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()
    kept: tuple[Kept, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refused:
    """`line` is where the obstacle stands, 1-based."""

    reason: str
    line: int
