"""Modules that look at all variables: which of them count."""

from __future__ import annotations

from pathlib import Path

import pytest

from reef.environments.prefixes import narrowed
from reef.hosting.plan import WarmedModule


@pytest.mark.parametrize(
    ("source", "read", "expected"),
    [
        ("for k in os.environ:\n    if k.startswith('ACME_'): pass", ("*", "HOME"), ("ACME_*",)),
        (
            "envwrap('ACME_'); os.environ.get('ACME_DIR')",
            ("*", "ACME_DIR"),
            ("ACME_DIR", "ACME_*", "ACME_DIR*"),
        ),
        ("everything = dict(os.environ); x = 'ACME_'", ("*",), ("*",)),
        ("everything = os.environ.copy(); x = 'ACME_'", ("*",), ("*",)),
        ("everything = {**os.environ, 'ACME_': '1'}", ("*",), ("*",)),
        ("for k in os.environ: print(k)", ("*", "HOME"), ("*",)),
        ("not python(", ("*",), ("*",)),
        ("os.environ['HOME']", ("HOME",), ("HOME",)),
    ],
)
def test_names_in_the_source_stand_for_all(
    tmp_path: Path, source: str, read: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    file = tmp_path / "module.py"
    file.write_text(source)
    found = narrowed(WarmedModule("m", str(file), read))
    assert sorted(found.env_read) == sorted(expected)


def test_a_module_without_a_file_keeps_everything() -> None:
    assert narrowed(WarmedModule("m", "", ("*",))).env_read == ("*",)
