"""What a load does outside is seen in a real interpreter: one for each program, for audit hooks stay."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import reef
from deadlines import scaled
from reef.guest import outside

WATCHED = """
import json, sys
sys.path.insert(0, {src!r})
from reef.guest.observe import Observed
seen = Observed()
{program}
print(json.dumps([seen.outside.all_connects(), list(seen.outside.starts)]))
"""
NEXT_DOOR = "192.0.2.1"  # kept for examples: nobody is there
TRY = """
import socket
s = socket.socket({family})
s.settimeout(0.01)
try: s.connect({address})
except OSError: pass
"""


def seen(program: str) -> Any:
    source = WATCHED.format(src=str(Path(reef.__file__).parents[1]), program=program)
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True, timeout=scaled(60)
    )
    return json.loads(done.stdout.splitlines()[-1])


def connecting(address: object, family: str = "") -> str:
    return TRY.format(family=family, address=repr(address))


@pytest.mark.parametrize(
    ("program", "connects"),
    [
        (connecting((NEXT_DOOR, 443)), [f"{NEXT_DOOR}:443"]),
        (connecting((NEXT_DOOR, 443)) * 3, [f"{NEXT_DOOR}:443"]),
        (connecting(("2001:db8::1", 80), "socket.AF_INET6"), ["[2001:db8::1]:80"]),
        (connecting((NEXT_DOOR, 53), "socket.AF_INET, socket.SOCK_DGRAM"), []),  # sends nothing
        (connecting(("127.0.0.1", 9)), []),
        (connecting(("127.1.2.3", 9)), []),
        (connecting(("::1", 9), "socket.AF_INET6"), []),
        (connecting(("::ffff:127.0.0.1", 9), "socket.AF_INET6"), []),
        (connecting("/no/such.sock", "socket.AF_UNIX"), []),
        ("import socket; socket.getaddrinfo('localhost', 80)", []),
        ("import socket; socket.getaddrinfo(None, 80)", []),
        ("import socket; socket.getaddrinfo(socket.gethostname(), 80, flags=socket.AI_NUMERICSERV)", []),
        ("import socket; socket.create_server(('0.0.0.0', 0)).close()", []),
    ],
)
def test_connections_to_other_machines_count_and_no_others(program: str, connects: list[str]) -> None:
    assert seen(program) == [connects, []]


def test_a_host_is_called_by_the_name_that_was_looked_up() -> None:
    """A fake resolver: the name does not exist, and the test shall ask nobody."""
    program = f"""
import socket, sys
try: socket.getaddrinfo("api.example.invalid", 443, proto=socket.IPPROTO_TCP)
except OSError: pass
{connecting((NEXT_DOOR, 443))}
"""
    assert seen(program) == [["api.example.invalid:443"], []]


def test_the_query_and_the_arguments_are_never_told() -> None:
    program = f"""
import subprocess, urllib.request
try: urllib.request.urlopen("http://{NEXT_DOOR}:81/path?token=SECRET", timeout=0.01)
except OSError: pass
subprocess.run(["/bin/true", "--password=SECRET"])
subprocess.run("/bin/true SECRET", shell=True)
"""
    told = seen(program)
    assert told == [[f"{NEXT_DOOR}:81"], ["true", "sh"]]
    assert "SECRET" not in json.dumps(told)


@pytest.mark.parametrize(
    ("program", "starts"),
    [
        ("import subprocess; subprocess.run(['git', '--version'], stdout=-3)", ["git"]),
        ("import os; os.system('true')", ["a shell"]),
        ("import os; os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)", ["true"]),
        ("import os\npid = os.fork()\nif not pid: os._exit(0)\nos.waitpid(pid, 0)", ["a copy of itself"]),
        ("import platform; platform.platform(); platform.processor()", []),  # it asks uname for itself
        ("import ctypes.util; ctypes.util.find_library('c')", []),
        ("import json, sqlite3, ssl, decimal", []),
    ],
)
def test_programs_that_are_started_count(program: str, starts: list[str]) -> None:
    assert seen(program) == [[], starts]


def test_connections_of_c_code_are_seen_while_they_are_open() -> None:
    """By the kernel's tables; over loopback, which `all_connects` leaves out."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        assert address not in outside.peers()
        with socket.create_connection(address):
            assert address in outside.peers()
        assert address not in outside.peers()


@pytest.mark.parametrize(
    ("text", "address"),
    [("0100007F:1F90", ("127.0.0.1", 8080)), ("010200C0:01BB", ("192.0.2.1", 443))],
)
def test_the_kernels_spelling(text: str, address: tuple[str, int]) -> None:
    assert outside._address(text) == address


def test_the_kernels_spelling_of_six() -> None:
    assert outside._address("B80D0120000000000000000001000000:0050") == ("2001:db8::1", 80)


def test_many_hosts_are_not_all_remembered() -> None:
    found = outside.Outside()
    for number in range(100):
        found.heard("socket.connect", (None, (f"192.0.2.{number}", 1)))
    assert len(found.connects) == outside.MOST
