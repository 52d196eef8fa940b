"""LibCST, imported only when it is used: it is of the extra `doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reef.errors import ReefError

if TYPE_CHECKING:
    import libcst


def require() -> None:
    """Raises ReefError where LibCST is not installed."""
    try:
        import libcst  # noqa: F401
    except ImportError:
        raise ReefError(
            "`reef doctor --fix` needs LibCST, which is not installed",
            hint="pip install 'dagster-reef[doctor]'",
        ) from None


def dotted(node: libcst.CSTNode | None) -> str:
    """`a.b.c` for a name or a chain of attributes of one, else ''."""
    import libcst as cst

    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    if not isinstance(node, cst.Name):
        return ""
    return ".".join([node.value, *reversed(parts)])


def text_of(node: libcst.BaseExpression) -> str | None:
    """The value of a string literal, also of a concatenated one; None for anything else and for bytes."""
    import libcst as cst

    if isinstance(node, (cst.SimpleString, cst.ConcatenatedString)):
        value = node.evaluated_value
        return value if isinstance(value, str) else None
    return None
