"""Start processes, and know of their ends."""

from __future__ import annotations

import errno
import fcntl
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from typing import Any, NoReturn
else:
    import _signal as signal  # without `enum`

FIRST_FD = 3  # the number of the first descriptor that is passed on
_ABOVE = 64  # where descriptors are out of the way of those that are passed on


class Watched:
    """A process by pid and start. `note` is the host's: what the next host shall know of it."""

    def __init__(self, pid: int) -> None:
        """Raises OSError where there is no such process."""
        self.pidfd = os.pidfd_open(pid)
        self.pid = pid
        self.note: dict[str, Any] | None = None
        try:
            self.ticks = start_ticks(pid)
        except (OSError, IndexError):
            os.close(self.pidfd)
            raise ProcessLookupError(errno.ESRCH, "it is gone") from None

    def signal(self, number: int) -> None:
        try:
            signal.pidfd_send_signal(self.pidfd, number)
        except ProcessLookupError:
            pass

    def close(self) -> None:
        os.close(self.pidfd)


def start_ticks(pid: int | str = "self") -> int:
    with open(f"/proc/{pid}/stat", "rb") as file:
        return int(file.read().rpartition(b")")[2].split()[19])


def kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        pass


def variables() -> dict[bytes, bytes]:
    """The container's own, as they were when the agent was started: the interpreter may have added to its copy."""
    with open("/proc/self/environ", "rb") as file:
        pairs = [one.partition(b"=") for one in file.read().split(b"\0")]
    return {name: value for name, equals, value in pairs if name and equals}


def environment(order: dict[str, Any]) -> dict[bytes, bytes]:
    """The container's variables without `without`, with `env`, and with those of `defaults` that are missing then."""
    found = variables()
    for name in order["without"]:
        found.pop(os.fsencode(name), None)
    found.update((os.fsencode(name), os.fsencode(value)) for name, value in order["env"].items())
    for name, value in order["defaults"].items():
        found.setdefault(os.fsencode(name), os.fsencode(value))
    return found


def spawn(order: dict[str, Any], fds: list[int]) -> int:
    """Start `argv` in `cwd` ("": the agent's own) in a session of its own; the first of `fds` is its log, the others
    are 3, 4 and so on there. Raises OSError, whose `filename` is what could not be used."""
    env = environment(order)
    told, tell = os.pipe()
    try:
        pid = os.fork()
        if pid == 0:
            _become(order, env, fds, tell)
    except OSError:
        os.close(told)
        raise
    finally:
        os.close(tell)
    with open(told, "rb") as file:
        failure = file.read()
    if not failure:
        return pid
    os.waitpid(pid, 0)
    number, _, name = failure.partition(b" ")
    raise OSError(int(number), os.strerror(int(number)), os.fsdecode(name))


def _become(order: dict[str, Any], env: dict[bytes, bytes], fds: list[int], tell: int) -> NoReturn:
    """In the forked process: another program, or the reason why not is told."""
    doing = order["cwd"]
    try:
        tell = fcntl.fcntl(tell, fcntl.F_DUPFD_CLOEXEC, _ABOVE)
        if doing:
            os.chdir(doing)
        doing = order["argv"][0]
        _take(fds)
        _as_new()
        os.execvpe(doing, order["argv"], env)
    except OSError as error:
        os.write(tell, f"{error.errno} ".encode() + os.fsencode(doing))
    finally:
        os._exit(127)


def _take(fds: list[int]) -> None:
    moved = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _ABOVE) for fd in fds]
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(moved[0], 1)
    os.dup2(moved[0], 2)
    for number, fd in enumerate(moved[1:], FIRST_FD):
        os.dup2(fd, number)


def _as_new() -> None:
    """Signals as a new process has them."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.setsid()


def reaped() -> dict[int, int]:
    """Ended children, orphans of others among them: pid -> exit status, negative where a signal ended it."""
    found: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if pid == 0:
            return found
        found[pid] = os.waitstatus_to_exitcode(status)


def become_subreaper() -> None:
    """Where the agent is not the first process: orphans shall come to it all the same."""
    import ctypes

    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
