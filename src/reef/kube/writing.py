"""Documents as YAML."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml


class _Dumper(yaml.SafeDumper):
    """No anchors: a reader should see each object whole."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    style = (
        "|" if "\n" in value and not any(line.endswith((" ", "\t")) for line in value.split("\n")) else None
    )
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def yaml_text(value: object) -> str:
    """One document."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def documents_text(documents: Iterable[dict[str, Any]]) -> str:
    """Several, each after `---`."""
    return "".join(f"---\n{yaml_text(each)}" for each in documents)


def commented(text: str) -> str:
    """The same as a comment."""
    return "".join(f"# {line}\n" if line else "#\n" for line in text.splitlines())
