"""What Reef's processes ask of the API server, read from their source: (verb, group, resource).

Every mention of a kind (`reef.cluster.kinds`) must be understood: as an argument of a call that is known here, as half
of a pair that is applied, or in a comparison. What is not understood fails, so that no call is overlooked.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from helming import ROOT

from reef.cluster import kinds
from reef.cluster.kinds import Kind

Asked = tuple[str, str, str]
KINDS: dict[str, Kind] = {name: each for name, each in vars(kinds).items() if isinstance(each, Kind)}

# Method or function -> verbs, and the part of the object.
CALLS: dict[str, tuple[tuple[str, ...], str]] = {
    "get": (("get",), ""),
    "list": (("list",), ""),
    "pages": (("list",), ""),
    "watching": (("watch",), ""),
    "Informer": (("list", "watch"), ""),
    "create": (("create",), ""),
    "replace": (("update",), ""),
    "apply": (("create", "patch"), ""),  # server-side apply of what is not there makes it
    "patch": (("patch",), ""),
    "patch_status": (("patch",), "status"),
    "scale": (("patch",), "scale"),
    "delete": (("delete",), ""),
    "gone": (("delete",), ""),
}
# Mentions in other forms: (file, kind) -> how it is used.
OTHERWISE = {
    ("gateways/api.py", "CODE_LOCATION"): "Informer",  # `followed = CODE_LOCATION if … else POD`
    ("gateways/api.py", "POD"): "Informer",
    ("cluster/lease.py", "LEASE"): "replace",  # `ask = replace if before else create`
}
OF_OTHERS = {"logs.py"}  # in `cluster`: asked for by commands, with the rights of who types them


def asked_by(room: str) -> set[Asked]:
    """Of `controller` or `gateways`, with what they use of `cluster`: only a controller takes a lease."""
    folder = ROOT / "src" / "reef"
    files = sorted((folder / room).glob("*.py"))
    if room == "controller":
        files += [path for path in sorted((folder / "cluster").glob("*.py")) if path.name not in OF_OTHERS]
    found = set()
    for path in files:
        found |= set(_in_file(path, path.relative_to(folder).as_posix()))
    return found


def _in_file(path: Path, name: str) -> Iterator[Asked]:
    tree = ast.parse(path.read_text("utf-8"))
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    known = _imported(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in known and isinstance(node.ctx, ast.Load):
            use = _use(node, parents, name)
            if use is not None:
                yield from _asked(KINDS[node.id], use)


def _imported(tree: ast.AST) -> set[str]:
    return {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "reef.cluster.kinds"
        for alias in node.names
        if alias.name in KINDS
    }


def _use(node: ast.Name, parents: dict[ast.AST, ast.AST], name: str) -> str | None:
    """What is called with it; None where it is only compared or read."""
    parent = parents[node]
    if isinstance(parent, ast.Call) and node in parent.args:
        called = (
            parent.func.attr if isinstance(parent.func, ast.Attribute) else getattr(parent.func, "id", "")
        )
        if called in CALLS:
            return called
    elif isinstance(parent, ast.Tuple) and name == "controller/objects.py":
        return "apply"  # pairs for `Objects.bring`
    elif isinstance(parent, ast.Compare | ast.Attribute):
        return None
    if (use := OTHERWISE.get((name, node.id))) is not None:
        return use
    raise AssertionError(f"{name}:{node.lineno}: how is {node.id} used? Say it in {Path(__file__).name}")


def _asked(kind: Kind, use: str) -> Iterator[Asked]:
    verbs, part = CALLS[use]
    for verb in verbs:
        yield verb, kind.group, f"{kind.plural}/{part}" if part else kind.plural
    if use == "replace" and kind is kinds.LEASE:
        yield "create", kind.group, kind.plural
