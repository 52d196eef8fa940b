"""Writes image layers and OCI archives, without a builder. The same content has the same digest."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Layer:
    """A tar file; `digest` with its `sha256:`."""

    path: Path
    digest: str


@dataclass(frozen=True)
class Image:
    """`name` with its tag; `config` has OCI's own keys (Env, User, Entrypoint, Cmd, WorkingDir)."""

    name: str
    layers: tuple[Layer, ...]
    config: Mapping[str, Any] = field(default_factory=dict)


class LayerWriter:
    """A layer: everything is of root, of the year 1970, and in the folders that it needs."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._tar = tarfile.open(path, "w", format=tarfile.GNU_FORMAT)  # noqa: SIM115
        self._there: set[str] = set()

    def folder(self, name: str, mode: int = 0o755) -> None:
        name = name.strip("/")
        if name and name not in self._there:
            self._parents(name)
            entry = self._entry(name, mode)
            entry.type = tarfile.DIRTYPE
            self._tar.addfile(entry)

    def file(self, name: str, content: bytes, mode: int = 0o644) -> None:
        if name.strip("/") not in self._there:
            self._parents(name)
            entry = self._entry(name, mode)
            entry.size = len(content)
            self._tar.addfile(entry, io.BytesIO(content))

    def link(self, name: str, target: str) -> None:
        if name.strip("/") not in self._there:
            self._parents(name)
            entry = self._entry(name, 0o777)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            self._tar.addfile(entry)

    def copy(self, name: str, source: Path) -> None:
        """A file's content, whatever links lead to it."""
        self.file(name, source.read_bytes(), stat.S_IMODE(source.stat().st_mode) | 0o444)

    def tree(self, source: Path, below: str = "") -> None:
        """A folder's content, links as links."""
        for folder, folders, files in os.walk(source):
            folders.sort()
            inside = Path(below) / Path(folder).relative_to(source)
            for name in sorted([*files, *(one for one in folders if (Path(folder) / one).is_symlink())]):
                path = Path(folder) / name
                if path.is_symlink():
                    self.link(str(inside / name), str(path.readlink()))
                else:
                    self.copy(str(inside / name), path)

    def _parents(self, name: str) -> None:
        for parent in reversed(Path(name.strip("/")).parents):
            self.folder(str(parent) if str(parent) != "." else "")

    def _entry(self, name: str, mode: int) -> tarfile.TarInfo:
        entry = tarfile.TarInfo(name.strip("/"))
        entry.mode = mode
        self._there.add(entry.name)
        return entry

    def done(self) -> Layer:
        self._tar.close()
        return layer(self._path)


def layer(path: Path) -> Layer:
    with path.open("rb") as file:
        return Layer(path, "sha256:" + hashlib.file_digest(file, "sha256").hexdigest())


def archive(path: Path, images: Iterable[Image], architecture: str, without: Iterable[Layer] = ()) -> None:
    """An OCI archive with all images; a layer that several have is in it once, one that a node has need not be."""
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        blobs = _Blobs(tar, {one.digest for one in without})
        manifests = [_put(blobs, image, _ARCHITECTURES[architecture]) for image in images]
        blobs.plain("index.json", json.dumps({"schemaVersion": 2, "manifests": manifests}).encode())
        blobs.plain("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')


def _put(blobs: _Blobs, image: Image, architecture: str) -> dict[str, Any]:
    digests = [one.digest for one in image.layers]
    config = {"architecture": architecture, "os": "linux", "config": dict(image.config)}
    config["rootfs"] = {"type": "layers", "diff_ids": digests}
    manifest = {"schemaVersion": 2, "mediaType": _MANIFEST}
    manifest["config"] = {"mediaType": _CONFIG, **blobs.small(config)}
    manifest["layers"] = [{"mediaType": _LAYER, **blobs.layer(one)} for one in image.layers]
    names = {"io.containerd.image.name": image.name}
    return {"mediaType": _MANIFEST, **blobs.small(manifest), "annotations": names}


class _Blobs:
    def __init__(self, tar: tarfile.TarFile, there: set[str]) -> None:
        self._tar = tar
        self._there = there

    def plain(self, name: str, content: bytes) -> None:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        self._tar.addfile(entry, io.BytesIO(content))

    def small(self, value: Mapping[str, Any]) -> dict[str, Any]:
        content = json.dumps(value, sort_keys=True).encode()
        digest = hashlib.sha256(content).hexdigest()
        if digest not in self._there:
            self._there.add(digest)
            self.plain(f"blobs/sha256/{digest}", content)
        return {"digest": f"sha256:{digest}", "size": len(content)}

    def layer(self, one: Layer) -> dict[str, Any]:
        if one.digest not in self._there:
            self._there.add(one.digest)
            self._tar.add(one.path, f"blobs/{one.digest.replace(':', '/')}")
        return {"digest": one.digest, "size": one.path.stat().st_size}
