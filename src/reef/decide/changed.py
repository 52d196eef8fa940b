"""Why a version differs from another: files, packages, settings. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from reef.decide.plan import Reason
from reef.decide.versions import changed_settings


@dataclass(frozen=True)
class MadeOf:
    """What one version is made of. `files`: absolute path -> digest (folders end with a slash: the names in
    them); `marks` as `setting_marks` makes them; `distributions`: name -> version and digest."""

    files: Mapping[str, str]
    marks: Mapping[str, str] = field(default_factory=dict)
    python: str | None = None
    build: str = ""
    fingerprint: str = ""
    distributions: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def reasons_between(old: MadeOf, new: MadeOf) -> tuple[Reason, ...]:
    """Everything that differs; empty where both are the same version."""
    settings = (
        Reason("setting", f"setting {name} changed") for name in changed_settings(old.marks, new.marks)
    )
    return (*settings, *_environment(old, new), *_files(old.files, new.files))


def _files(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Reason]:
    for path in sorted(old.keys() | new.keys()):
        before, after = old.get(path), new.get(path)
        if before == after:
            continue
        if path.endswith("/"):
            yield Reason("source", "other files are in it", path)
        elif before is None or after is None:
            yield Reason("source", "added" if before is None else "removed", path)
        else:
            yield Reason("source", {"absent": "added"}.get(before, _now(after)), path)


def _now(digest: str) -> str:
    return "removed" if digest == "absent" else "changed"


def _environment(old: MadeOf, new: MadeOf) -> Iterator[Reason]:
    if old.fingerprint == new.fingerprint:
        return
    found = tuple(_distributions(old.distributions, new.distributions))
    yield from found
    if old.build != new.build:
        yield Reason("environment", "another build of Python, or another standard library", new.python)
    elif not found:
        yield Reason("environment", "its start-up files or paths changed", new.python)


def _distributions(
    old: Mapping[str, tuple[str, str]], new: Mapping[str, tuple[str, str]]
) -> Iterator[Reason]:
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        if before is None or after is None:
            version = (before or after or ("",))[0]
            yield Reason("distribution", f"{name} {version} {'removed' if after is None else 'added'}")
        elif before[0] != after[0]:
            yield Reason("distribution", f"{name} {before[0]} → {after[0]}")
        else:
            yield Reason("distribution", f"{name} {after[0]}: other files of the same version")
