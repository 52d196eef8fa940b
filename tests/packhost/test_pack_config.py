"""A pack's configuration as JSON."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from pack_process import location

from reef.packs.configuration import Configurations
from reef.packs.specs import running_version
from reef.peers.messages import PackConfig
from reef.peers.pack_config import NEVER_S, from_json, to_json

A = location("a", Path("/a.py"))


def test_it_comes_back_as_it_was() -> None:
    config = PackConfig(generation=7, locations=(A, location("b", Path("/b.py"), env={"A": "b"}, warm=True)))
    assert from_json(to_json(config)) == config


def test_never_is_never_in_json_too() -> None:
    config = PackConfig(generation=1, locations=(location("a", Path("/a.py"), idle_timeout_s=math.inf),))
    assert from_json(to_json(config)).locations[0].idle_timeout_s == NEVER_S


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "truncated"),
        (b'{"generation": 1}', "locations"),
        (to_json(PackConfig(generation=1, locations=(A, A))), "'a' is there twice"),
        (to_json(PackConfig(generation=1, locations=(location("a", Path("/a"), container="a/b"),))), "'a/b'"),
    ],
)
def test_what_is_wrong_is_told(content: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        from_json(content)


def test_the_newest_counts_wherever_it_is(tmp_path: Path) -> None:
    given = tmp_path / "given.json"
    configurations = Configurations(given, tmp_path)
    assert configurations.newest() is None
    for in_file, kept, newest in ((2, 1, 2), (2, 3, 3), (4, 3, 4)):
        given.write_bytes(to_json(PackConfig(generation=in_file, locations=())))
        configurations.keep(PackConfig(generation=kept, locations=()))
        assert configurations.newest() == PackConfig(generation=newest, locations=())
    given.write_bytes(b"{")
    assert configurations.newest() == PackConfig(
        generation=3, locations=()
    )  # a broken file takes nobody down


def test_a_server_is_another_where_it_is_started_in_another_way() -> None:
    others = (
        location("a", Path("/other.py")),
        location("a", Path("/a.py"), version="v2"),
        location("a", Path("/a.py"), container="c2"),
        location("a", Path("/a.py"), env={"A": "b"}),
        location("a", Path("/a.py"), python="/usr/bin/python3"),
        location("a", Path("/a.py"), working_directory="/tmp"),
    )
    assert len({running_version(one) for one in (A, *others)}) == len(others) + 1
    same = location("a", Path("/a.py"), owner="us", idle_timeout_s=1.0, memory_limit_bytes=1, warm=True)
    assert running_version(same) == running_version(A)
