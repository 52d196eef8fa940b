"""Quantities of Kubernetes, as numbers and back."""

from __future__ import annotations

import math

_SUFFIXES: dict[str, float] = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}
_SUFFIXES |= {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60}
_SUFFIXES |= {"m": 1e-3, "u": 1e-6, "n": 1e-9}
_LETTERS = "".join(sorted({letter for suffix in _SUFFIXES for letter in suffix}))


def quantity(written: object) -> float | None:
    """`500m` is 0.5, `1Gi` 1073741824; None for none, and for one that Kubernetes would refuse."""
    if written is None or isinstance(written, bool | dict | list):
        return None
    text = str(written).strip()
    number = text.rstrip(_LETTERS)
    try:
        value = float(number) * _SUFFIXES[text[len(number) :]]
    except (KeyError, ValueError):
        return None
    return value if math.isfinite(value) and value >= 0 else None


def cpu_text(cores: float) -> str:
    """As a person would write it: `35m`, `1`, `1500m`."""
    millis = math.ceil(round(cores * 1000, 3))
    return f"{millis // 1000}" if millis % 1000 == 0 else f"{millis}m"
