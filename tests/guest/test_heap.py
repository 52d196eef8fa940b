"""What a zygote does to its heap, and that it proves itself first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hosts import Host

from deadlines import scaled
from reef.hosting.launch import GUEST

IMMORTAL = sys.version_info[:2] in ((3, 12), (3, 13))
IN_GUEST = f"""
import sys
from importlib.util import spec_from_file_location as at, module_from_spec as new
spec = at("_reef_guest", {GUEST!r} + "/__init__.py", submodule_search_locations=[{GUEST!r}])
sys.modules["_reef_guest"] = new(spec)
from _reef_guest import boot, holes, immortal, pools, preload, proc
"""


def in_guest(text: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", IN_GUEST + text], capture_output=True, text=True, timeout=scaled(60)
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_features_that_this_python_allows(host: Host) -> None:
    (zygote,) = host.hosting.zygotes()
    expected = (
        ("preload", "rehearsal", "plugged", "immortal") if IMMORTAL else ("preload", "rehearsal", "plugged")
    )
    assert zygote.features == expected
    assert len(list(Path(f"/proc/{zygote.pid}/task").iterdir())) == 1
    host.run(host.hosting.sample_zygotes())
    assert host.hosting.zygotes()[0].memory is not None


def test_an_immortal_heap_is_for_pythons_that_have_one() -> None:
    assert in_guest("print(immortal.possible())") == str(IMMORTAL)


@pytest.mark.skipif(not IMMORTAL, reason="needs CPython 3.12 or 3.13 with a GIL")
def test_an_immortal_heap_proves_itself() -> None:
    said = in_guest("""
import json, decimal, collections, gc
def works():
    import fractions
    assert fractions.Fraction(1, 3) + 1 == fractions.Fraction(4, 3)
    assert [json.loads(json.dumps({"a": [number]})) for number in range(1000)][999] == {"a": [999]}
    gc.collect()
def crashes():
    import ctypes; ctypes.string_at(0)
def fails():
    raise ValueError("no")
print(immortal.proves_itself(works), immortal.proves_itself(crashes), immortal.proves_itself(fails))
before = sys.getrefcount(json)
assert before < 1000, before
assert immortal.immortalize() > 10_000
assert sys.getrefcount(json) == 0xFFFFFFFF
works()
""")
    assert said == "True False False"


def test_holes_are_filled() -> None:
    said = in_guest("""
kept = [bytes(100) for _ in range(200_000)]
free_ones = kept[::7]
del kept, free_ones
survivors = [[bytes(100) for _ in range(500)] for _ in range(400)]
del survivors[::2]
before = sum(size * free for size, free in holes._free_blocks().items())
holes.plug()
after = sum(size * free for size, free in holes._free_blocks().items())
print(before > 1_000_000, after < before / 10)
""")
    assert said == "True True"


def test_what_a_thread_keeps_of_small_blocks_is_filled_too() -> None:
    said = in_guest("""
import ctypes
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
sizes = range(24, 1033, 16)
freed = {libc.malloc(size) for size in sizes for _ in range(7)}
between = [libc.malloc(2000) for _ in range(10)]
for block in freed: libc.free(block)
holes.plug()
print(len(freed), len(freed.intersection(libc.malloc(size) for size in sizes for _ in range(7))))
""")
    assert said == "448 0"


def test_unused_pools_are_given_back() -> None:
    said = in_guest("""
import gc
def dirty():
    with open("/proc/self/smaps_rollup") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("Private_Dirty"))
made = [(number, str(number), {number: number}) for number in range(100_000)]
kept = made[::4000]
del made
gc.collect()
before = dirty()
given = pools.let_go()
less = before - dirty()
again = [(number, str(number), {number: number}) for number in range(100_000)]
assert all(number == int(text) == more[number] for number, text, more in again + kept)
print(given > 5_000_000, less > given * 0.8)
""")
    assert said == "True True"


def test_building_a_zygote_leaves_no_holes() -> None:
    """What it takes for itself lies among what the modules make, and is freed in the end."""
    said = in_guest("""
import socket
spec.loader.exec_module(sys.modules["_reef_guest"])
from _reef_guest import loop, wire, zygote
host, guest = socket.socketpair()
wire.send(host, {
    "modules": ["dagster", "dagster._cli.utils", "xmlrpc.client"], "shared": ["dagster", "dagster._cli.utils"],
    "never": [], "distributions": {}, "left_out": [], "closely": [], "changing": [], "spare": False,
    "rehearsal": False, "immortal": False, "plug": True,
})
loop.run = lambda _host: print(sum(size * free for size, free in holes._free_blocks().items()), flush=True)
zygote.main(guest.detach())
""")
    assert int(said) < 500_000, "each size has one pool that was just begun"


def test_the_guest_leaves_nothing_on_the_path() -> None:
    """Whatever the folder is called that Reef lies in."""
    plain = [sys.executable, "-c", "import sys; print(sys.path)"]
    expected = subprocess.run(
        plain, capture_output=True, text=True, timeout=scaled(60), check=True
    ).stdout.strip()
    assert in_guest("boot.note(); print(boot.path)") == expected
    assert GUEST not in expected


FREED = """
import time
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
del [bytearray(16_000_000)][0]  # after it glibc keeps blocks of up to that size
rest = holes.Rest()
blocks = [(bytearray(100_000), bytearray(2_000)) for _ in range(300)]
full, pinned = resident(), [pin for _, pin in blocks]
del blocks
end = time.process_time() + 0.05
while time.process_time() < end: pass
rest.look()
kept = full - resident() < 5_000_000
rest.look()
print(kept, full - resident() > 25_000_000)
"""


def test_what_a_call_took_for_a_moment_goes_back_once_the_server_rests() -> None:
    assert in_guest(FREED) == "True True"


@pytest.mark.parametrize(
    ("name", "value", "trims"),
    [
        ("MALLOC_TRIM_THRESHOLD_", "33554432", 1),
        ("GLIBC_TUNABLES", "glibc.malloc.top_pad=0", 1),
        ("MALLOC_ARENA_MAX", "2", 2),
    ],
)
def test_what_a_location_tells_glibc_to_keep_is_kept(name: str, value: str, trims: int) -> None:
    said = in_guest(f"""
import os
trims = []
holes.give_back = lambda: trims.append(None)
holes.Rest().look()
os.environ[{name!r}] = {value!r}
holes.Rest().look()
print(len(trims))
""")
    assert said == str(trims)
