"""The files of a folder in which a process finds its certificate, and that are replaced while it runs.

They are judged by the ssl module, which every process has anyway: gateways and pack hosts need no `cryptography`.
"""

from __future__ import annotations

import logging
import os
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reef.errors import ReefError
from reef.words import describe, fault

log = logging.getLogger("reef.trust")

CERTIFICATE, KEY, AUTHORITIES = NAMES = ("tls.crt", "tls.key", "ca.crt")
_Mark = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Identity:
    """Who a process is, and whom it trusts: PEM."""

    certificate: bytes
    key: bytes
    authorities: bytes


def read_identity(folder: Path) -> Identity:
    """Raises ReefError where a file is missing, is none of its kind, or where key and certificate are of two pairs."""
    contents = [_bytes(folder / name) for name in NAMES]
    for name, content in zip((CERTIFICATE, AUTHORITIES), (contents[0], contents[2]), strict=True):
        try:
            _certificate(content)
        except (ssl.SSLError, ValueError) as error:
            raise _unusable(folder / name, f"must be a certificate in PEM: {describe(error)}") from None
    try:
        _pair(contents[0], contents[1])
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise _unusable(folder / KEY, f"is not the key of {CERTIFICATE} beside it") from None
        raise _unusable(folder / KEY, f"must be a private key in PEM: {describe(error)}") from None
    return Identity(*contents)


def _certificate(pem: bytes) -> None:
    """Raises SSLError or ValueError where it is none."""
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem.decode("ascii"))


def _pair(certificate: bytes, key: bytes) -> None:
    """Raises SSLError. It reads files only: these are in memory, for those in the folder may be replaced meanwhile."""
    with _in_memory(certificate) as one, _in_memory(key) as other:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(one, other, password=_no_password)


def _no_password() -> str:
    return ""


@contextmanager
def _in_memory(content: bytes) -> Iterator[str]:
    fd = os.memfd_create("reef")
    try:
        os.write(fd, content)
        yield f"/proc/self/fd/{fd}"
    finally:
        os.close(fd)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unusable(path, f"cannot be read: {fault(error)}") from None


def _unusable(path: Path, why: str) -> ReefError:
    return ReefError(f"{path} {why}", hint="the controller makes these Secrets: see that its log says so")


class IdentityFiles:
    """The newest identity in a folder that could be used. May be asked from any thread; blocks as a `stat` does."""

    def __init__(self, folder: Path) -> None:
        """Raises ReefError."""
        self._folder = folder
        self._lock = threading.Lock()
        self._mark = _mark(folder)
        self._identity = read_identity(folder)

    def current(self) -> Identity:
        """The files are read again where they changed; the one before stays while they are half-written or damaged."""
        with self._lock:
            mark = _mark(self._folder)
            if mark != self._mark:
                try:
                    self._identity = read_identity(self._folder)
                except ReefError as error:
                    log.warning("the certificate before is used on: %s", error.message)
                if mark == _mark(self._folder):  # otherwise they are being written just now
                    self._mark = mark
            return self._identity


def _mark(folder: Path) -> _Mark:
    return tuple(_of_file(folder / name) for name in NAMES)


def _of_file(path: Path) -> tuple[int, int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_mtime_ns, found.st_size)
