"""Dotted names in a module's syntax, and what they stand for: `il.import_module` after `import importlib as il`."""

from __future__ import annotations

import ast


def aliases_of(tree: ast.AST) -> dict[str, str]:
    """Name in this module -> what it was imported as. Relative imports keep their dots: `.assets.daily`."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                top = each.name.partition(".")[0]
                found[each.asname or top] = each.name if each.asname else top
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            for each in node.names:
                joint = "" if not base or base.endswith(".") else "."
                found[each.asname or each.name] = f"{base}{joint}{each.name}"
    return found


def dotted(node: ast.AST, aliases: dict[str, str]) -> str:
    """`importlib.import_module` for an expression that is such a name, else ''."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([aliases.get(node.id, node.id), *reversed(parts)])


def literal(node: ast.AST | None) -> str | None:
    """The text of a string constant, None for anything that is computed."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
