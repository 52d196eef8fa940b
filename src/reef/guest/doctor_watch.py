"""Who is at work while a location loads: its own statements and the bodies of modules, in one stack, and what each
took. What a node took does not contain what the nodes that it led to took."""

from __future__ import annotations

import mmap
import os
import threading
import time
from typing import Any

from . import doctor_clock, doctor_memory, proc

WALL, CPU, PRIVATE, SHARED, TASKS = range(5)
ZERO = (0.0, 0.0, 0, 0, 0)
PLACE_SIZE = 4096


class Node:
    """A statement (`file` and `line`), or a module's body. `took`: see the indices above."""

    __slots__ = ("calls", "events", "file", "line", "name", "started", "took")

    def __init__(self, name: str, file: str = "", line: int = 0) -> None:
        self.name, self.file, self.line = name, file, line
        self.took: list[Any] = list(ZERO)
        self.started: list[str] = []  # modules whose bodies it brought to run, itself
        self.events: list[tuple[str, str, int]] = []
        self.calls = 0

    @property
    def is_statement(self) -> bool:
        return self.line > 0


class Watch:
    """One stack, of the thread that made it. `place`: a file in which the statement under way can be read by another
    process, when this one is no more."""

    def __init__(self, place: str) -> None:
        self._memory, self._clock = doctor_memory.Quick(), doctor_clock.Clock()
        self._thread = threading.get_ident()
        self._place = _mapped(place)
        self.statements: dict[tuple[str, int], Node] = {}
        self.modules: dict[str, Node] = {}
        self.root = Node("")
        self.stack: list[tuple[Node, bool]] = []  # with whether it is a mark, which the next mark ends
        self._last = self._now()

    def is_mine(self) -> bool:
        return threading.get_ident() == self._thread

    def top(self) -> Node:
        return self.stack[-1][0] if self.stack else self.root

    def statement(self) -> Node:
        """The innermost statement under way."""
        for node, _mark in reversed(self.stack):
            if node.line:
                return node
        return self.root

    def is_marked(self, file: str) -> bool:
        """Whether the innermost is a statement of this file that began with a mark."""
        return bool(self.stack) and self.stack[-1][1] and self.stack[-1][0].file == file

    def mark(self, file: str, line: int) -> None:
        """The statement before ended, the next begins; line 0: the module ends."""
        if not self.is_mine():
            return
        if self.is_marked(file):
            self.pop()
        if line:
            self.push(self._statement(file, line), mark=True)

    def push_statement(self, file: str, line: int) -> None:
        self.push(self._statement(file, line))

    def push_module(self, name: str) -> None:
        self.top().started.append(name)
        node = self.modules.get(name)
        if node is None:
            node = self.modules[name] = Node(name)
        self.push(node)

    def push(self, node: Node, mark: bool = False) -> None:
        self._account()
        node.calls += 1
        self.stack.append((node, mark))
        if node.line:
            self._show(node)

    def pop(self) -> None:
        self._account()
        self.stack.pop()
        self._show(self.statement())

    def pop_to(self, depth: int) -> None:
        while len(self.stack) > depth:
            self.pop()

    def _statement(self, file: str, line: int) -> Node:
        node = self.statements.get((file, line))
        if node is None:
            node = self.statements[file, line] = Node("", file, line)
        return node

    def _account(self) -> None:
        """What happened since the last change is the top's."""
        now, last = self._now(), self._last
        took = self.top().took
        for index in range(5):
            took[index] += now[index] - last[index]
        self._last = self._now()

    def _now(self) -> tuple[float, float, int, int, int]:
        private, shared = self._memory.read()
        return self._clock.wall_s(), time.process_time(), private, shared, proc.tasks()

    def _show(self, node: Node) -> None:
        text = f"{node.line} {node.file}".encode("utf-8", "surrogateescape")[: PLACE_SIZE - 2]
        self._place[: len(text) + 1] = text + b"\0"


def _mapped(path: str) -> mmap.mmap:
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.fchmod(fd, 0o644)  # in a pod another user reads it; elsewhere its folder is private
        os.ftruncate(fd, PLACE_SIZE)
        return mmap.mmap(fd, PLACE_SIZE)
    finally:
        os.close(fd)
