"""`services` of a reef.yaml."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from reef.errors import ReefError
from reef.fleet import read
from reef.fleet.model import ServiceSpec

LOCATIONS = "locations:\n  sales: {code: defs.py}\n"


def _read(folder: Path, services: str) -> tuple[ServiceSpec, ...]:
    (folder / "reef.yaml").write_text(f"services:\n  {services}\n{LOCATIONS}")
    return read(str(folder), {"PATH": os.environ["PATH"], "TOKEN": "t"}, sys.executable).services


def test_all_settings(tmp_path: Path) -> None:
    (found,) = _read(
        tmp_path,
        "postal: {module: postal.parser, expose: [parse, Box.deep], cwd: lib, env: {A: 1, TOKEN: null}, memory: 3Gi, "
        "idle_timeout: 10m, start_timeout: 1m, at_once: 2, waiting: 0}",
    )
    assert found == ServiceSpec(
        "postal",
        "postal.parser",
        ("parse", "Box.deep"),
        sys.executable,
        str(tmp_path / "lib"),
        {"A": "1", "TOKEN": "t"},
        memory_limit_bytes=3 << 30,
        idle_timeout_s=600.0,
        start_timeout_s=60.0,
        at_once=2,
        waiting=0,
    )


def test_defaults_and_a_server_elsewhere(tmp_path: Path) -> None:
    one, two = _read(tmp_path, "a: {module: m, expose: [f]}\n  b: {address: 'postal:4000'}")
    assert (one.cwd, one.python, one.at_once, one.waiting) == (str(tmp_path), sys.executable, 4, 64)
    assert two == ServiceSpec("b", "", (), "", "", address="postal:4000")


def test_without_services(tmp_path: Path) -> None:
    (tmp_path / "reef.yaml").write_text(LOCATIONS)
    assert read(str(tmp_path), {}, sys.executable).services == ()


@pytest.mark.parametrize(
    ("services", "said"),
    [
        ("a: {module: m}", "services.a has no expose"),
        ("a: {expose: [f]}", "services.a has no module"),
        ("a: {module: m, expose: []}", "services.a.expose"),
        ("a b: {module: m, expose: [f]}", "is no name for a service"),
        ("a: {address: x, module: m}", "services.a has an address and module"),
        ("a: {module: m, expose: [f], memory: much}", "services.a.memory"),
        ("a: {module: m, expose: [f], at_once: 0}", "services.a.at_once"),
        ("a: {module: m, expose: [f], python: /no/python}", "/no/python does not exist"),
        ("a: {module: m, exposes: [f]}", "services.a.exposes"),
    ],
)
def test_mistakes_name_file_and_line(tmp_path: Path, services: str, said: str) -> None:
    with pytest.raises(ReefError) as caught:
        _read(tmp_path, services)
    assert said in str(caught.value)
    assert "reef.yaml:" in str(caught.value)
