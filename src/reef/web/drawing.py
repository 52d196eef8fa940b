"""Lines of small charts, as numbers for SVG. Pure."""

from __future__ import annotations

from collections.abc import Sequence

SPARK_W, SPARK_H = 60, 18


def spark(values: Sequence[int], slots: int = SPARK_W, height: int = SPARK_H) -> str:
    """Points of a polyline, the newest at the right edge; "" where there was nothing all the time."""
    top = max(values, default=0)
    if top == 0:
        return ""
    first = slots - len(values)
    ys = [height - 1 - round((height - 2) * value / top) for value in values]
    return " ".join(f"{first + index},{y}" for index, y in enumerate(ys) if _bends(ys, index))


def _bends(ys: Sequence[int], index: int) -> bool:
    """A point between two of its own height draws nothing."""
    inside = 0 < index < len(ys) - 1
    return not inside or not ys[index - 1] == ys[index] == ys[index + 1]


def line(
    points: Sequence[tuple[float, float]], box: tuple[float, float, float], width: int, height: int
) -> str:
    """Points of a polyline in `width` x `height`; `box` is (first x, last x, highest y), the lowest y is 0."""
    left, right, top = box
    across, up = max(right - left, 1e-9), max(top, 1e-9)
    return " ".join(
        f"{width * (x - left) / across:.1f},{height * (1 - min(y, top) / up):.1f}" for x, y in points
    )


def area(points: str, height: int) -> str:
    """The polygon below a line."""
    if not points:
        return ""
    first, last = points.split(" ", 1)[0], points.rsplit(" ", 1)[-1]
    return f"{first.split(',')[0]},{height} {points} {last.split(',')[0]},{height}"


def part(value: float, whole: float, width: int) -> float:
    """How long a bar of `width` is; something is never drawn as nothing."""
    if value <= 0 or whole <= 0:
        return 0
    return round(min(width, max(1.0, width * value / whole)), 1)
