"""Where the page listens, and which requests are meant for it."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from reef.errors import ReefError
from reef.web.address import PageAddress, is_loopback, listening_socket, may_ask


@pytest.mark.parametrize(
    "host", ["127.0.0.1:3200", "localhost:3200", "LOCALHOST", "[::1]:3200", "10.1.2.3:80", "127.0.0.1"]
)
def test_addresses_and_localhost_may_ask(host: str) -> None:
    assert may_ask(host, "127.0.0.1")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:3200", "127.0.0.1.evil.example", "", None, "[x]"]
)
def test_a_name_that_is_made_to_point_here_may_not(host: str | None) -> None:
    assert not may_ask(host, "127.0.0.1", ["machine"])


def test_a_name_of_this_machine_may_where_others_reach_it() -> None:
    assert may_ask("Machine:3200", "0.0.0.0", ["machine"])  # noqa: S104
    assert may_ask("box.corp:1", "box.corp")


def test_loopback_is_told_from_what_others_reach() -> None:
    assert [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "127.9.9.9")] == [True] * 4
    assert [is_loopback(host) for host in ("0.0.0.0", "::", "10.0.0.1", "box")] == [False] * 4  # noqa: S104


def test_an_address_is_shown_as_a_browser_takes_it() -> None:
    assert PageAddress("0.0.0.0", 3200).url == "http://127.0.0.1:3200"  # noqa: S104
    assert PageAddress("::1", 3200).url == "http://[::1]:3200"


def test_a_port_stays_the_same_over_restarts(tmp_path: Path) -> None:
    remembered = tmp_path / "page-port"
    with listening_socket("127.0.0.1", None, remembered) as first:
        port = first.getsockname()[1]
    with listening_socket("127.0.0.1", None, remembered) as again:
        assert again.getsockname()[1] == port
        with listening_socket("127.0.0.1", None, remembered) as other:  # somebody else has it meanwhile
            assert other.getsockname()[1] != port


@pytest.mark.parametrize("text", ["", "x", "99999", "-1"])
def test_a_remembered_port_that_is_none_is_passed_over(tmp_path: Path, text: str) -> None:
    (tmp_path / "page-port").write_text(text)
    with listening_socket("127.0.0.1", None, tmp_path / "page-port") as bound:
        assert bound.getsockname()[1] > 0


def test_a_port_that_was_named_and_is_taken_is_an_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ReefError, match=f"port {port} of Reef's page") as refused:
            listening_socket("127.0.0.1", port, tmp_path / "page-port")
    assert "--page-port" in (refused.value.hint or "")


def test_an_address_that_is_not_of_this_machine_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReefError) as refused:
        listening_socket("no.such.host.invalid", 3200, tmp_path / "page-port")
    assert "--page-host" in (refused.value.hint or "")
