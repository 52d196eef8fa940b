"""The folder in which one host keeps what must outlive it, and the lock that makes it the only one there."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import struct
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from reef.errors import ReefError
from reef.words import fault

SOCKET_PATH_MAX = 107  # sun_path holds 108 bytes, the last one a NUL


def default_state_root(environ: Mapping[str, str]) -> Path:
    """`$XDG_STATE_HOME/reef`, else `~/.local/state/reef`."""
    base = environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    return Path(base) / "reef"


def default_state_dir(source: str, environ: Mapping[str, str]) -> Path:
    """The same folder for the same fleet file or folder, whoever asks."""
    if chosen := environ.get("REEF_STATE_DIR"):
        return Path(chosen).absolute()
    path = Path(source)
    folder = path if path.is_dir() else path.parent
    return default_state_root(environ) / f"{_plain(folder.name, 24)}-{_short_hash(str(folder))}"


def slug(name: str) -> str:
    """A file name for a location's name: readable, unique, safe, at most 33 characters."""
    return f"{_plain(name, 24)}-{_short_hash(name)}"


def _plain(name: str, most: int) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", name).strip("._-")[:most] or "x"


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:8]


@dataclass(frozen=True)
class StateDir:
    """Paths below one state directory. Everything is private to the user (0700)."""

    root: Path

    def folder(self, name: str) -> Path:
        path = self.root / name
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    @property
    def admin_socket(self) -> Path:
        return self.root / "admin.sock"

    @property
    def lock_file(self) -> Path:
        return self.root / "host.lock"

    @property
    def workspace_file(self) -> Path:
        return self.root / "workspace.yaml"

    @property
    def unserved_file(self) -> Path:
        """For the webserver alone: new code that does not load."""
        return self.root / "unserved.yaml"

    @property
    def host_log(self) -> Path:
        return self.folder("logs") / "reef.log"

    def listener_socket(self, name: str) -> Path:
        return self.folder("l") / f"{slug(name)}.sock"

    def log_file(self, name: str) -> Path:
        return self.folder("logs") / f"{slug(name)}.log"

    def served_file(self, name: str) -> Path:
        return self.folder("served") / f"{slug(name)}.json"

    def check_socket_paths(self, locations: tuple[str, ...]) -> None:
        """Refuse a folder whose sockets' paths the kernel would not take."""
        longest = max(
            (self.listener_socket(name) for name in locations), key=_path_bytes, default=self.admin_socket
        )
        check_socket_path(longest)


def _path_bytes(path: Path) -> int:
    return len(os.fsencode(path))


def check_socket_path(path: Path) -> None:
    """Refuse what the kernel would not take."""
    if (size := _path_bytes(path)) > SOCKET_PATH_MAX:
        raise ReefError(
            f"socket path {str(path)!r} has {size} bytes, a unix socket's may have {SOCKET_PATH_MAX}",
            hint="choose a shorter folder with --state-dir or REEF_STATE_DIR",
        )


def open_state_dir(path: Path) -> StateDir:
    """Make the folder if need be and see that it can be written to."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path, prefix=".write-test-", buffering=0) as test:
            test.write(bytes(4096))
    except OSError as error:
        raise ReefError(
            f"state directory {str(path)!r} cannot be written to: {fault(error)}",
            hint="choose another with --state-dir or REEF_STATE_DIR",
        ) from None
    return StateDir(path.resolve())


_WRITTEN_TO = (
    "served",
    "runs",
    "beside",
    "contents",
    "environments",
    "zygotes",
    "copies/versions/*",
    "copies/blobs/*",
)
_HALF_WRITTEN = re.compile(r"\.(write-test-|.+\.)[a-z0-9_]{8}")  # as `tempfile` names them


def sweep_half_written(state: StateDir) -> None:
    """What a host that was killed left half-written; only whoever holds the lock may. Blocks."""
    folders = [state.root, *(found for name in _WRITTEN_TO for found in state.root.glob(name))]
    for path in (path for folder in folders for path in folder.glob(".*")):
        if _HALF_WRITTEN.fullmatch(path.name) and path.is_file():
            path.unlink(missing_ok=True)
    for path in state.root.glob("copies/trees/.new-*"):
        shutil.rmtree(path, ignore_errors=True)


class HostLock:
    """The exclusive claim on a state directory. Children see through F_GETLK whether a host holds it."""

    def __init__(self, state: StateDir) -> None:
        self._path = state.lock_file
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.fcntl(self._fd, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
        except OSError as error:
            holder = os.read(self._fd, 200).decode(errors="replace").strip()
            os.close(self._fd)
            if error.errno not in (errno.EACCES, errno.EAGAIN):
                raise
            raise ReefError(
                f"another Reef host ({holder or 'unknown process'}) already uses {str(state.root)!r}",
                hint="stop it, or give this one a folder of its own with --state-dir",
            ) from None
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"pid {os.getpid()}\n".encode(), 0)

    @property
    def path(self) -> Path:
        return self._path

    def release(self) -> None:
        os.ftruncate(self._fd, 0)
        os.close(self._fd)


def host_is_alive(state: StateDir) -> bool:
    """Whether some process holds the lock, asked without taking it."""
    try:
        fd = os.open(state.lock_file, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        reply = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
        return bool(struct.unpack("hhqqi4x", reply)[0] != fcntl.F_UNLCK)
    finally:
        os.close(fd)


@contextmanager
def replacing(path: Path, *, lasting: bool = True, mode: int = 0o600) -> Iterator[BinaryIO]:
    """A file to write, which takes the place of `path` at the end: whole or not at all, also when the disk is full.

    `lasting`: it is on the disk before it is there, so a machine that goes down leaves the old or the new content. What
    a power cut may take need not wait for that. Where the block or the disk fails, nothing is left behind. Blocks.
    """
    fd, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(fd, "w+b") as file:
            yield file
            file.flush()
            os.fchmod(fd, mode)
            if lasting:
                os.fsync(fd)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def write_atomic(path: Path, *pieces: bytes, lasting: bool = True, mode: int = 0o600) -> None:
    """As `replacing`, of bytes that are there already."""
    with replacing(path, lasting=lasting, mode=mode) as file:
        file.writelines(pieces)


def write_json(path: Path, value: object) -> None:
    write_atomic(path, json.dumps(value, indent=1, sort_keys=True).encode())
