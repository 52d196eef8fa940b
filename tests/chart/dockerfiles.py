"""Reading a Dockerfile: its stages and their instructions."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Stage:
    base: str
    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def all(self, instruction: str) -> list[str]:
        return [text for kind, text in self.steps if kind == instruction]


def stages(path: Path) -> list[Stage]:
    """Lines that go on are one; comments are left out. What stands before the first FROM is no stage."""
    found: list[Stage] = []
    text = path.read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        kind, _, rest = line.strip().partition(" ")
        if kind == "FROM":
            base, _, name = rest.partition(" AS ")
            found.append(Stage(base, name))
        elif kind and found:
            found[-1].steps.append((kind, " ".join(rest.split()) if kind != "RUN" else rest))
    return found


def ignored_but(path: Path) -> set[str]:
    """What a .dockerignore that begins with `*` lets in."""
    lines = path.read_text("utf-8").split()
    assert lines[0] == "*"
    return {line[1:] for line in lines if line.startswith("!")}
