"""Who is told the link with the token: who sits at the terminal, and nobody else."""

from __future__ import annotations

import logging
import sys

import pytest

from reef.host.announce import _say_fleet_page

URL, LINK = "http://127.0.0.1:3200", "http://127.0.0.1:3200/#token=secret"


@pytest.mark.parametrize(("terminal", "printed"), [(True, LINK), (False, URL)])
def test_the_token_is_printed_on_a_terminal_alone_and_never_logged(
    terminal: bool,
    printed: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    with caplog.at_level(logging.INFO, "reef"):
        _say_fleet_page(URL, LINK)
    assert capsys.readouterr().err == f"  fleet: {printed}\n"
    assert [record.getMessage() for record in caplog.records] == [f"fleet: {URL}"]
