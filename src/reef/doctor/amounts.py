"""How the doctor says sizes and times. Pure."""

from __future__ import annotations


def size_of(number: int) -> str:
    """`0`, `3.4 MB`, `512 MB`, `2.1 GB`: decimal, as the rest of Reef says memory."""
    if abs(number) < 50_000:
        return "0"
    if abs(number) >= 1e9:
        return f"{number / 1e9:.1f} GB"
    return f"{number / 1e6:.1f} MB" if abs(number) < 1e8 else f"{number / 1e6:.0f} MB"


def time_of(number: float) -> str:
    """`0`, `0.04 s`, `2.1 s`."""
    if number < 0.005:
        return "0"
    return f"{number:.2f} s" if number < 1 else f"{number:.1f} s"
