"""What `.pth` files do to an interpreter: folders of working copies, code that runs, variables it reads."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_VARIABLE = re.compile(r"""['"]([A-Z][A-Z0-9_]{2,})['"]""")
_MAPPING = re.compile(r"^MAPPING[^=\n]*=\s*(\{.*\})\s*$", re.MULTILINE)
_MODULE_SUFFIXES = (".py", ".so")


@dataclass(frozen=True)
class Startup:
    pth_files: tuple[str, ...]
    pth_imports: tuple[str, ...]
    variables: tuple[str, ...]
    working_copies: dict[str, str]


def startup(site_dirs: Sequence[str], sys_path: Sequence[str], also: Sequence[str]) -> Startup:
    """Read the `.pth` files of `site_dirs`; `also` are customize files that ran too."""
    files = [path for folder in site_dirs for path in _pth(folder)]
    lines = [line for path in files for line in _read(path).splitlines()]
    imports = [line.rstrip() for line in lines if line.startswith(("import ", "import\t"))]
    texts = [*imports, *map(_read, also)]
    variables = sorted({name for text in texts for name in _VARIABLE.findall(text)})
    extra = [folder for folder in sys_path if folder not in site_dirs]
    copies = _names_in(extra) | _mapped(site_dirs)
    return Startup(tuple(files), tuple(imports), tuple(variables), copies)


def _pth(folder: str) -> list[str]:
    try:
        return sorted(f"{folder}/{name}" for name in os.listdir(folder) if name.endswith(".pth"))
    except OSError:
        return []


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def top_level_names(folder: str) -> tuple[str, ...]:
    """The modules and regular packages that a folder on sys.path offers (namespace folders are not these)."""
    found = set()
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if name := _module_name(entry):
                    found.add(name)
    except OSError:
        return ()
    return tuple(sorted(found))


def _module_name(entry: os.DirEntry[str]) -> str:
    stem = entry.name.partition(".")[0]
    if not stem.isidentifier():
        return ""
    if entry.name.endswith(_MODULE_SUFFIXES):
        return stem
    package = entry.name == stem and os.path.isfile(f"{entry.path}/__init__.py")
    return stem if package else ""


def _names_in(folders: Iterable[str]) -> dict[str, str]:
    return {name: folder for folder in folders for name in top_level_names(folder)}


def _mapped(site_dirs: Sequence[str]) -> dict[str, str]:
    """Names in the finder modules that setuptools writes for editable installs."""
    found: dict[str, str] = {}
    for folder in site_dirs:
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            if name.startswith("__editable__") and name.endswith("_finder.py"):
                found |= _mapping(_read(f"{folder}/{name}"))
    return found


def _mapping(text: str) -> dict[str, str]:
    found = _MAPPING.search(text)
    try:
        value = ast.literal_eval(found[1]) if found else {}
    except (ValueError, SyntaxError):
        return {}
    return {str(name).partition(".")[0]: str(path) for name, path in value.items()}
