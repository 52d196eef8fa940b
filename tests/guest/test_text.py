"""Machine code is let go of, comes back when it is called, and what was written to stays."""

from __future__ import annotations

import ctypes
import json
import re
import ssl
import zlib

from reef.guest import text


def mapped_kb() -> int:
    """Resident pages of executable regions of files."""
    with open("/proc/self/smaps") as file:
        found = re.findall(
            r" r-xp \S+ \S+ [1-9]\d*\s.*?^Rss:\s+(\d+) kB", file.read(), re.MULTILINE | re.DOTALL
        )
    return sum(map(int, found))


def test_code_is_unmapped_and_works_when_it_is_called_again() -> None:
    before = mapped_kb()
    given = text.let_go()
    after = mapped_kb()
    assert given > 1 << 20
    assert after < before
    assert json.loads(json.dumps({"a": [1.5, None]})) == {"a": [1.5, None]}
    assert zlib.decompress(zlib.compress(b"reef" * 1000)) == b"reef" * 1000
    assert ssl.create_default_context().check_hostname
    assert ctypes.CDLL(None).abs(-3) == 3
