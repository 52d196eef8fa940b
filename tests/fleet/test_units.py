"""Sizes and spans of time."""

from __future__ import annotations

import math

import pytest

from reef.fleet.units import size_bytes, size_text, span_s, span_text


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("512Mi", 512 * 2**20),
        ("1Gi", 2**30),
        ("500M", 500_000_000),
        ("1.5G", 1_500_000_000),
        ("64KiB", 65536),
        ("1GB", 10**9),
        ("7", 7),
        (4096, 4096),
        ("2Ti", 2**41),
    ],
)
def test_sizes(written: str | int, size: int) -> None:
    assert size_bytes(written) == size
    assert size_bytes(size_text(size)) == size


@pytest.mark.parametrize("written", ["2x", "", "Mi", "-1Gi", "1 Gi", "1Gi\n", "0", 0, True, "1.5.2G"])
def test_what_is_no_size(written: str | int) -> None:
    with pytest.raises(ValueError, match=r".*"):
        size_bytes(written)


@pytest.mark.parametrize(
    ("written", "span"),
    [
        ("30s", 30),
        ("10m", 600),
        ("1h30m", 5400),
        ("1.5s", 1.5),
        ("250ms", 0.25),
        ("1d", 86400),
        ("never", math.inf),
    ],
)
def test_spans(written: str, span: float) -> None:
    assert span_s(written) == span
    assert span_s(span_text(span)) == span


@pytest.mark.parametrize("written", ["", "30", "s", "-1s", "0s", "10m ", "1w", "never!", "m10"])
def test_what_is_no_span(written: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        span_s(written)
