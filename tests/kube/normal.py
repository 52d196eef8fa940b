"""Values and rendered objects in a form in which what the chart's template treats as equal is equal."""

from __future__ import annotations

from typing import Any

# What the chart does where nobody says otherwise.
_USUAL = {"startupProbe": {"enabled": False}}


def deployments(section: dict[str, Any]) -> dict[str, Any]:
    """The deployments of a section by name: without what is empty or says what is so anyway."""
    found = section["deployments"]
    by_name = found if isinstance(found, dict) else {each["name"]: each for each in found}
    return {name: _entry(each) for name, each in by_name.items()}


def _entry(entry: dict[str, Any]) -> dict[str, Any]:
    plain = {name: _plain(each) for name, each in entry.items() if name != "name"}
    return {
        name: each for name, each in plain.items() if each not in (None, {}, []) and _USUAL.get(name) != each
    }


def _plain(value: Any) -> Any:
    """Without nulls and empty collections; numbers as the template writes them, into strings."""
    if isinstance(value, dict):
        found = {name: _plain(each) for name, each in value.items()}
        return {name: each for name, each in found.items() if each not in (None, {}, [])}
    if isinstance(value, list):
        return [_plain(each) for each in value if each is not None]
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def at(values: dict[str, Any], path: str) -> dict[str, Any]:
    """The values below a dotted path."""
    for name in path.split(".") if path else ():
        values = values[name]
    return values


def merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """As `helm -f under -f over`."""
    both = dict(under)
    for name, each in over.items():
        mine = both.get(name)
        both[name] = merged(mine, each) if isinstance(mine, dict) and isinstance(each, dict) else each
    return both
