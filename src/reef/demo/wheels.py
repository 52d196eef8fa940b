"""Tiny wheels, built on the spot: the "other packages" of the demo's and the benchmarks' environments.

They are true wheels (metadata, RECORD), so that everything that looks at installed distributions sees one. As
they are pure Python, installing one is unpacking it, which needs no installer and no network.
"""

from __future__ import annotations

import base64
import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Package:
    """A distribution with one module named like it (`-` becomes `_`)."""

    name: str
    version: str
    source: str

    @property
    def module(self) -> str:
        return self.name.replace("-", "_")


def build_wheel(package: Package, wheelhouse: Path) -> Path:
    """Write the package's wheel into the folder and return its path; same package, same bytes."""
    info = f"{package.module}-{package.version}.dist-info"
    files = {
        f"{package.module}/__init__.py": package.source,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {package.name}\nVersion: {package.version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: reef\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = _record(files) + f"{info}/RECORD,,\n"
    wheelhouse.mkdir(parents=True, exist_ok=True)
    path = wheelhouse / f"{package.module}-{package.version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), text)
    return path


def install_wheel(wheel: Path, site_packages: Path) -> None:
    """Unpack a pure-Python wheel as an installer would."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site_packages)
        info = next(name for name in archive.namelist() if name.endswith("/RECORD")).removesuffix("RECORD")
    (site_packages / f"{info}INSTALLER").write_text("reef\n")


def _record(files: dict[str, str]) -> str:
    return "".join(f"{name},sha256={_digest(text)},{len(text.encode())}\n" for name, text in files.items())


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
