"""`reef top`: its screens and keys, and the real command in a terminal of its own."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.text import Text
from status_rows import MB, asleep, row, status

from deadlines import scaled, until
from reef.admin import Admin
from reef.cli import top_terminal
from reef.cli.top_screen import screen
from reef.cli.top_state import SORTS, TopState, keys_of, pressed, shown

ROWS = [
    row("orders", owner="commerce", calls=9),
    asleep("risk", owner="finance", last_cold_start_s=2.5),
    row("broken", state="failed", last_error="\x1b[31mModuleNotFoundError: no 'x'", pss_bytes=90 * MB),
]


def names(chosen: TopState) -> list[str]:
    return [one["name"] for one in shown(ROWS, chosen)]


def told(chosen: TopState = TopState(), width: int = 100, height: int = 12, trouble: str = "") -> list[str]:  # noqa: B008
    found = {
        **status(*ROWS),
        "totals": {**status(*ROWS)["totals"], "states": {"warm": 1, "failed": 1, "asleep": 1}},
    }
    return screen(found, shown(ROWS, chosen), chosen, width, height, trouble).plain.split("\n")


def after(*keys: bytes) -> TopState:
    chosen = TopState()
    for key in keys:
        chosen = pressed(chosen, key, shown(ROWS, chosen))
    return chosen


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160, 240])
@pytest.mark.parametrize("height", [8, 24, 60])
def test_a_screen_is_as_large_as_its_terminal(width: int, height: int) -> None:
    lines = told(width=width, height=height)
    assert len(lines) == height
    assert max(map(cell_len, lines)) <= width


def test_eighty_columns_have_what_matters() -> None:
    text = "\n".join(told(width=80))
    for expected in (
        "3 locations",
        "● 1 warm",
        "pod for each",
        "▲ failed",
        "○ asleep",
        "orders",
        "40.0",
        "note",
    ):
        assert expected in text, expected


def test_wide_ones_have_everything() -> None:
    text = "\n".join(told(width=200))
    for expected in ("commerce", "01234567", "2.50", "ModuleNotFoundError: no 'x'"):
        assert expected in text, expected


def test_nothing_that_a_location_says_moves_the_cursor() -> None:
    assert not [line for line in told(width=200) if "\x1b" in line]
    assert not [line for line in told(TopState(open="broken"), height=60) if "\x1b" in line]


def test_keys_sort() -> None:
    assert names(after()) == ["broken", "orders", "risk"]
    assert names(after(b"3")) == ["broken", "orders", "risk"]
    assert names(after(b"3", b"3")) == ["risk", "orders", "broken"]
    assert names(after(b"6"))[0] == "orders"
    assert names(after(b"r")) == ["risk", "orders", "broken"]
    assert after(*[b"s"] * len(SORTS)).sort == "name"


def test_keys_filter() -> None:
    chosen = after(b"/", *keys_of(b"fin"))
    assert (chosen.typing, chosen.filter, names(chosen)) == (True, "fin", ["risk"])
    assert "/fin" in told(chosen)[-1]
    assert pressed(chosen, b"\r", []).typing is False
    assert pressed(chosen, b"\x7f", []).filter == "fi"
    assert pressed(chosen, b"\x1b", []).filter == ""
    assert after(b"/", b"j", b"q").filter == "jq"  # letters are letters there
    assert names(TopState(filter="state:asleep")) == ["risk"]


def test_keys_move_and_open() -> None:
    chosen = after(b"\x1b[B", b"j", b"j", b"\x1b[A", b"\r")
    assert (chosen.at, chosen.open) == (1, "orders")
    text = "\n".join(told(chosen, height=60))
    assert "call_interval_s" in text
    assert pressed(chosen, b"j", shown(ROWS, chosen)).open == "risk"
    assert pressed(chosen, b"\x1b", shown(ROWS, chosen)).open is None
    assert pressed(chosen, b"q", shown(ROWS, chosen)).over is False
    assert after(b"q").over


def test_what_is_typed_at_once_is_key_by_key() -> None:
    assert keys_of(b"jj/") == [b"j", b"j", b"/"]
    assert keys_of(b"\x1b[5~") == [b"\x1b[5~"]
    assert keys_of(b"\xff") == []


def test_the_row_that_is_pointed_at_is_there_however_many_there_are() -> None:
    many = [row(f"loc_{number:03}") for number in range(500)]
    for at in (0, 250, 499, 9_999):
        text = screen(status(*many), many, TopState(at=at), 80, 24, "").plain
        assert f"loc_{min(at, 499):03}" in text


def test_a_host_that_does_not_answer_is_told_of() -> None:
    assert "the host does not answer" in told(trouble="the host does not answer: gone")[-1]


# -- the real command --------------------------------------------------------------------------------


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Path]:
    """A state directory with the socket of a host that is made up: the socket is the real one."""

    async def fleet(_request: Any) -> Any:
        return status(*ROWS)

    loop = asyncio.new_event_loop()
    admin = Admin(tmp_path / "admin.sock", {"fleet": fleet, "status": fleet})
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(admin.open(), loop).result(scaled(10))
    yield tmp_path
    asyncio.run_coroutine_threadsafe(admin.close(), loop).result(scaled(10))
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


class Terminal:
    """`reef top` in a terminal of 80 columns and 24 lines; `text` is all that it ever wrote, without its colours."""

    def __init__(self, state: Path) -> None:
        self.fd, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.before = termios.tcgetattr(inner)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "reef.cli.main", "top", "--state-dir", str(state)],
            stdin=inner,
            stdout=inner,
            stderr=inner,
            env={**os.environ, "TERM": "xterm-256color"},
            start_new_session=True,
        )
        self.inner = inner
        self.text = ""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            try:
                found = os.read(self.fd, 65536).decode(errors="replace")
            except OSError:
                return
            self.text += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", found)

    def type(self, keys: str) -> None:
        self.text = ""
        os.write(self.fd, keys.encode())

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.inner)
        os.close(self.fd)


def test_in_a_real_terminal(host: Path) -> None:
    terminal = Terminal(host)
    try:
        until(lambda: "orders" in terminal.text, 20, "the table")
        terminal.type("/risk\r")
        until(lambda: "1 of 3  filter: risk" in terminal.text, 10, "the filter")
        terminal.type("\r")
        until(lambda: "owner                  finance" in terminal.text, 10, "one location")
        terminal.type("qq")
        assert terminal.process.wait(scaled(10)) == 0
        assert termios.tcgetattr(terminal.inner) == terminal.before
    finally:
        terminal.close()


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "reef.cli.main", "top", *words],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=scaled(60),
    )


def test_without_a_terminal_it_says_what_to_use(host: Path) -> None:
    done = command("--state-dir", str(host))
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
    assert "reef status" in done.stderr


def test_as_json(host: Path) -> None:
    import json

    done = command("--json", "--state-dir", str(host))
    assert [one["name"] for one in json.loads(done.stdout)["locations"]] == ["orders", "risk", "broken"]


def test_the_end_of_input_ends_it_while_a_filter_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[TopState] = []

    def draw(_status: Any, _rows: Any, chosen: TopState, *_size: Any) -> Text:
        drawn.append(chosen)
        assert len(drawn) < 20, "it goes on for ever"
        return Text("")

    monkeypatch.setattr(top_terminal, "_keys", lambda _fd: contextlib.nullcontext())
    monkeypatch.setattr(top_terminal, "screen", draw)
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        top_terminal.watch(lambda: {"locations": []}, 60, TopState(typing=True))
    assert [each.filter for each in drawn] == [""]
