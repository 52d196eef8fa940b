"""How `reef init` writes the paths that it found."""

from __future__ import annotations

import pytest

from reef.fleet.paths import Base


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("/fleet", "."),
        ("/fleet/.", "."),
        ("/fleet/./sales", "sales"),
        ("/fleet/sales/.", "sales"),
        ("/fleet/.hidden", ".hidden"),
        ("/fleet/link/../sales", "link/../sales"),  # a link may lead elsewhere
        ("/other/.", "/other"),
        ("/.", "/"),
    ],
)
def test_paths_are_relative_to_the_file_and_short(path: str, written: str) -> None:
    base = Base("/fleet")
    assert base.written(path) == written
    assert base.written(base.path(written)) == written
