"""Layers and archives: the same content has the same digest, whoever writes it and when."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path

from lab.oci import Image, Layer, LayerWriter, archive


def a_layer(path: Path) -> Layer:
    writer = LayerWriter(path)
    writer.file("opt/app/defs.py", b"defs = 1\n")
    writer.link("usr/bin/python", "python3")
    return writer.done()


def test_a_layer_does_not_change_by_itself(tmp_path: Path) -> None:
    first, second = a_layer(tmp_path / "1.tar"), a_layer(tmp_path / "2.tar")
    assert first.digest == second.digest
    with tarfile.open(first.path) as tar:
        assert [one.name for one in tar] == [
            "opt",
            "opt/app",
            "opt/app/defs.py",
            "usr",
            "usr/bin",
            "usr/bin/python",
        ]
        assert {(one.uid, one.gid, one.mtime) for one in tar} == {(0, 0, 0)}


def test_images_share_a_layer_in_the_archive(tmp_path: Path) -> None:
    layer = a_layer(tmp_path / "layer.tar")
    images = [Image(f"reef.test/{name}:1", (layer,), {"Env": [f"NAME={name}"]}) for name in "ab"]
    archive(tmp_path / "images.tar", images, "x86_64")
    with tarfile.open(tmp_path / "images.tar") as tar:
        names = tar.getnames()
        content = {name: file.read() for name in names if (file := tar.extractfile(name))}
    blobs = {name.rpartition("/")[2]: told for name, told in content.items() if name.startswith("blobs/")}
    assert len(names) == len(set(names))
    assert all(hashlib.sha256(told).hexdigest() == digest for digest, told in blobs.items())
    listed = json.loads(content["index.json"])["manifests"]
    assert [one["annotations"]["io.containerd.image.name"] for one in listed] == [one.name for one in images]
    manifests = [json.loads(blobs[one["digest"].partition(":")[2]]) for one in listed]
    assert {one["layers"][0]["digest"] for one in manifests} == {layer.digest}
    configs = [json.loads(blobs[one["config"]["digest"].partition(":")[2]]) for one in manifests]
    assert [one["config"]["Env"] for one in configs] == [["NAME=a"], ["NAME=b"]]
    assert {one["architecture"] for one in configs} == {"amd64"}
