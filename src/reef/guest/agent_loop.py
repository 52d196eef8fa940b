"""The agent's one loop: it waits for the host, for ends of processes and for what they print."""

from __future__ import annotations

import errno
import os
import sys
import time

from . import agent_children, agent_look
from .agent_children import Watched
from .agent_output import Outputs
from .agent_poll import READ, WRITE, Poller, is_readable
from .agent_wire import FOR_ALL, Gone, Peer, accepted, listening

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable
    from typing import Any
else:
    import _signal as signal  # without `enum`

PROTOCOL = 1
MOST_UNHEARD = 256
SOCKET = "agent.sock"
ASKED: dict[str, Callable[..., object]] = {
    "memory": agent_look.memory,
    "resident": agent_look.resident_bytes,
    "cpu": agent_look.cpu_seconds,
    "session": agent_look.session,
    "ports": agent_look.ports,
    "interpreter": agent_look.interpreter,
    "own_names": agent_look.own_names,
}


class Agent:
    """Children live on while no host is connected; what they print goes on to the log, their ends are kept for the next
    host. `guest` is the folder of this code."""

    def __init__(self, folder: str, grace_s: float, guest: str) -> None:
        self._folder, self._grace_s, self._guest = folder, grace_s, guest
        self._start = os.urandom(8).hex()
        self._poller = Poller()
        self._outputs = Outputs(self._poller)
        self._host: Peer | None = None
        self._watched: dict[int, Watched] = {}
        self._statuses: dict[int, int] = {}
        self._unheard: list[dict[str, Any]] = []
        self._ends_at: float | None = None
        self._is_parent_of_orphans = os.getpid() == 1
        self._woken = _on_signals()
        self._listener = listening(os.path.join(folder, SOCKET))
        self._poller.on(self._woken, self._signalled)
        self._poller.on(self._listener.fileno(), self._connected)

    def run(self) -> None:
        """Until it was told to end and its children have."""
        while self._ends_at is None or (self._watched and time.monotonic() < self._ends_at):
            self._poller.wait(None if self._ends_at is None else self._ends_at - time.monotonic())
            self._look_for_ends()
            self._outputs.follow_stdout()
        for pid in self._watched:
            agent_children.kill_group(pid)
        self._outputs.take_all()

    # -- signals and ends --------------------------------------------------------------------------

    def _signalled(self) -> None:
        try:
            numbers = os.read(self._woken, 4096)
        except BlockingIOError:
            return
        if signal.SIGTERM in numbers or signal.SIGINT in numbers:
            self._end()

    def _end(self) -> None:
        if self._ends_at is not None:
            return
        self._ends_at = time.monotonic() + self._grace_s
        self._poller.off(self._listener.fileno())
        self._listener.close()
        for one in self._watched.values():
            one.signal(signal.SIGTERM)

    def _look_for_ends(self) -> None:
        """Of those that others have forked the status is None, unless they came to us as orphans. We look first, so
        that each child of ours that is seen to have ended has been waited for."""
        ended = [one for one in self._watched.values() if is_readable(one.pidfd)]
        self._statuses.update((p, s) for p, s in agent_children.reaped().items() if p in self._watched)
        if ended:
            self._outputs.take_all()  # whoever hears of an end finds in the log what was written before it
        for one in ended:
            del self._watched[one.pid]
            self._poller.off(one.pidfd)
            one.close()
            status = self._statuses.pop(one.pid, None)
            self._tell_end({"event": "exit", "pid": one.pid, "ticks": one.ticks, "status": status})

    def _tell_end(self, event: dict[str, Any]) -> None:
        if self._host is None:
            self._unheard = [*self._unheard, event][-MOST_UNHEARD:]
        else:
            self._tell(event)

    def _watch(self, pid: int) -> Watched:
        """Raises OSError where it is gone."""
        if pid not in self._watched:
            one = self._watched[pid] = Watched(pid)
            self._poller.on(one.pidfd, lambda: None)
        return self._watched[pid]

    # -- the host ----------------------------------------------------------------------------------

    def _connected(self) -> None:
        """The newest connection counts: the host of the one before is dead, or has lost it."""
        sock = accepted(self._listener)
        if sock is None:
            return
        self._disconnected()
        self._host = Peer(sock)
        self._poller.on(sock.fileno(), self._heard)
        self._tell(self._hello())
        self._unheard = []

    def _disconnected(self) -> None:
        if self._host is not None:
            self._poller.off(self._host.sock.fileno())
            self._host.close()
            self._host = None

    def _tell(self, message: dict[str, Any]) -> None:
        if self._host is not None:
            try:
                self._host.send(message)
                self._mind_unsent(self._host)
            except Gone:
                self._disconnected()

    def _mind_unsent(self, host: Peer) -> None:
        self._poller.change(host.sock.fileno(), READ | WRITE if host.has_unsent else READ)

    def _heard(self) -> None:
        host = self._host
        if host is None:
            return
        try:
            host.flush()
            self._mind_unsent(host)
            messages = host.receive()
        except (Gone, ValueError):
            self._disconnected()
            return
        for message, fds in messages:
            self._obey(message, fds)

    def _obey(self, message: dict[str, Any], fds: list[int]) -> None:
        try:
            answer = self._do(message, fds)
        except OSError as error:
            answer = {"errno": error.errno, "what": error.strerror, "name": error.filename}
        except Exception as error:  # the container shall not end by what a host says
            answer = {"errno": errno.EINVAL, "what": f"{type(error).__name__}: {error}", "name": None}
        finally:
            for fd in fds:
                os.close(fd)
        if "id" in message:
            self._tell({"event": "answer", "id": message["id"], **(answer or {})})

    def _do(self, message: dict[str, Any], fds: list[int]) -> dict[str, Any] | None:
        op = message["op"]
        if op in ASKED:
            return {"value": ASKED[op](*message["of"])}
        method: Callable[[dict[str, Any], list[int]], dict[str, Any] | None] = getattr(self, f"_do_{op}")
        return method(message, fds)

    def _do_spawn(self, message: dict[str, Any], fds: list[int]) -> dict[str, Any]:
        if not self._is_parent_of_orphans:
            agent_children.become_subreaper()
            self._is_parent_of_orphans = True
        one = self._watch(agent_children.spawn(message, fds))
        if self._ends_at is not None:
            one.signal(signal.SIGKILL)
        return {"pid": one.pid, "ticks": one.ticks}

    def _do_watch(self, message: dict[str, Any], fds: list[int]) -> dict[str, Any]:
        one = self._watch(message["pid"])
        return {"pid": one.pid, "ticks": one.ticks}

    def _do_note(self, message: dict[str, Any], fds: list[int]) -> None:
        one = self._watched.get(message["pid"])
        if one is not None and one.ticks == message["ticks"]:
            one.note = message["note"]

    def _do_signal(self, message: dict[str, Any], fds: list[int]) -> None:
        one = self._watched.get(message["pid"])
        if one is not None and one.ticks == message["ticks"]:
            one.signal(message["number"])

    def _do_kill_group(self, message: dict[str, Any], fds: list[int]) -> None:
        self._do_signal({**message, "number": signal.SIGKILL}, fds)
        agent_children.kill_group(message["pid"])

    def _do_kill(self, message: dict[str, Any], fds: list[int]) -> None:
        for pid in message["pids"]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def _do_output(self, message: dict[str, Any], fds: list[int]) -> None:
        pipe, file = fds
        fds.clear()
        self._outputs.add(pipe, file, message["label"])

    def _do_share(self, message: dict[str, Any], fds: list[int]) -> None:
        """The host may be another user than the container: it shall be able to connect."""
        os.chmod(message["path"], FOR_ALL)

    def _hello(self) -> dict[str, Any]:
        return {
            "event": "hello",
            "protocol": PROTOCOL,
            "started": self._start,
            "pid": os.getpid(),
            "ticks": agent_children.start_ticks(),
            "guest": self._guest,
            "python_version": "{}.{}.{}".format(*sys.version_info[:3]),
            "executable": sys.executable,
            "dagster_python": agent_look.interpreter(),
            "uid": os.getuid(),
            "gid": os.getgid(),
            "groups": os.getgroups(),
            "cwd": os.getcwd(),
            "env_names": sorted(os.fsdecode(name) for name in agent_children.variables()),
            "ended": self._unheard,
            "children": [
                {"pid": one.pid, "ticks": one.ticks, "note": one.note} for one in self._watched.values()
            ],
        }


def _on_signals() -> int:
    """A descriptor that is readable after each signal, with the numbers of those that came."""
    woken, waker = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(waker, False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: None)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    return woken
