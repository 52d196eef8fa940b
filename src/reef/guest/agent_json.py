"""JSON without the module `json`, which would take a megabyte of each container: only written, never read."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ESCAPES: dict[int, str] = {number: f"\\u{number:04x}" for number in range(32)}
_ESCAPES.update({ord('"'): '\\"', ord("\\"): "\\\\"})


def as_json(value: dict[str, Any]) -> bytes:
    """Of dictionaries with texts as keys, lists, tuples, texts, numbers, bools and None."""
    return _text(value).encode(
        "utf-8", "backslashreplace"
    )  # half of a surrogate pair is escaped as JSON does


def _text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return f'"{value.translate(_ESCAPES)}"'
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(key)}: {_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_text, value)) + "]"
    return repr(value)
