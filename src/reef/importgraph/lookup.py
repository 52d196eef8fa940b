"""From a module's name to its file, as Python's import system looks for it on a path of folders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from reef.importgraph.tree import Tree

_INIT = "__init__.py"


@dataclass(frozen=True)
class Found:
    """`files` are those of the module alone (two where one of them is deleted); `folders` hold its submodules."""

    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()

    @property
    def nothing(self) -> bool:
        return not (self.files or self.folders)


@dataclass
class Lookup:
    """Modules below `folders`, in their order."""

    tree: Tree
    folders: tuple[str, ...]
    _known: dict[str, Found] = field(default_factory=dict)

    def find(self, name: str) -> Found:
        """Nothing where no folder has it: then it is installed, of the standard library, or missing."""
        if name not in self._known:
            parent, _, last = name.rpartition(".")
            folders = self.find(parent).folders if parent else self.folders
            self._known[name] = self._look(folders, last)
        return self._known[name]

    def _look(self, folders: Sequence[str], name: str) -> Found:
        files: list[str] = []
        inside: list[str] = []
        portions: list[str] = []
        for folder in folders:
            own, own_folder = self._in_folder(folder, name)
            files += own
            inside += own_folder if own else ()
            portions += () if own else own_folder
            if any(not self.tree.is_deleted(file) for file in own):
                return Found(tuple(files), tuple(inside))
        return Found(tuple(files), (*inside, *portions))

    def _in_folder(self, folder: str, name: str) -> tuple[list[str], list[str]]:
        """Files of the module in this folder, and the folder of its submodules."""
        package = f"{folder}/{name}"
        files: list[str] = []
        is_package = self.tree.has(folder, name) and self.tree.is_folder(package)
        if is_package and self.tree.has(package, _INIT):
            files.append(f"{package}/{_INIT}")
            if not self.tree.is_deleted(files[0]):
                return files, [package]
        files += self._modules(folder, name)
        return files, [package] if is_package else []

    def _modules(self, folder: str, name: str) -> Iterator[str]:
        if self.tree.has(folder, f"{name}.py"):
            yield f"{folder}/{name}.py"
        for entry in self.tree.entries(folder):
            if entry.startswith(f"{name}.") and entry.endswith((".so", ".pyd")):
                yield f"{folder}/{entry}"

    def below(self, name: str) -> Iterator[str]:
        """The name of every module below a package, itself not included; namespace folders too."""
        for folder in self.find(name).folders:
            for entry in sorted(self.tree.entries(folder)):
                child = self._child(folder, entry)
                if child and not self.find(f"{name}.{child}").nothing:
                    yield f"{name}.{child}"
                    if self.tree.is_folder(f"{folder}/{child}"):
                        yield from self.below(f"{name}.{child}")

    def _child(self, folder: str, entry: str) -> str:
        stem, _, suffix = entry.partition(".")
        if not stem.isidentifier() or stem in ("__init__", "__pycache__"):
            return ""
        if not suffix:
            return stem if self.tree.is_folder(f"{folder}/{entry}") else ""
        return stem if suffix == "py" or suffix.endswith(("so", "pyd")) else ""
