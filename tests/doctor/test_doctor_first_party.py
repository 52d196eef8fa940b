"""Which files the doctor blames: those of the location itself, wherever it lies."""

from __future__ import annotations

import pytest

from reef.guest.doctor_own import Own

SITE = "/opt/venv/lib/python3.11/site-packages"


@pytest.mark.parametrize(
    ("roots", "file", "is_own"),
    [
        (["/code/sales"], "/code/sales/assets.py", True),
        (["/code/sales"], "/code/other/assets.py", False),
        (["/code/sales"], "/code/sales/.venv/lib/python3.11/site-packages/x.py", False),
        ([f"{SITE}/sales"], f"{SITE}/sales/assets.py", True),  # installed into an image
        ([f"{SITE}/sales"], f"{SITE}/pandas/core.py", False),
        (
            [f"{SITE}/sales", SITE],
            f"{SITE}/pandas/core.py",
            False,
        ),  # its PYTHONPATH names all that is installed
        (
            ["/code/sales", "/usr/lib/python3/dist-packages"],
            "/usr/lib/python3/dist-packages/yaml/x.py",
            False,
        ),
    ],
)
def test_who_is_first_party(roots: list[str], file: str, is_own: bool) -> None:
    assert Own(roots)(file) is is_own
