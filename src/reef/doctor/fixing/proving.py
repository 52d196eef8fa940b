"""Proves a move by loading what it concerns, writes it, and takes it back where the written files say
otherwise. Blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from reef.doctor.findings import Loaded
from reef.doctor.fixing.files import NotEditable, Original, restore, write_new
from reef.doctor.fixing.measuring import Bench
from reef.doctor.fixing.outcome import Proved
from reef.doctor.fixing.proof import Verdict, judge, measured, why_unprovable
from reef.doctor.fixing.wanted import HeavyModule, Promise
from reef.words import describe

SLOW_LOADS = 3  # more of them where time alone is missing


class Undone(Exception):
    """Why a move does not stay."""


@dataclass
class Prover:
    """`importers`: which locations load a file, besides those that are promised something. `jobs`: how many
    at once."""

    bench: Bench
    importers: Callable[[str], Iterable[str]]
    jobs: int = 1
    _after: dict[str, list[Loaded]] = field(default_factory=dict)

    def prove(self, cause: HeavyModule, contents: Mapping[str, bytes]) -> tuple[Proved, ...]:
        """Loads each location that imports one of the files, with the new contents in their place; the files
        stay as they are. Raises Undone."""
        self._after.clear()
        importing = [name for file in contents for name in self.importers(file)]
        names = list(dict.fromkeys((*cause.promised, *importing)))

        def proved(name: str) -> Proved:
            return self._proved(name, cause.promised.get(name, Promise()), contents)

        with ThreadPoolExecutor(self.jobs) as pool:
            return tuple(pool.map(proved, names))

    def _proved(self, name: str, promise: Promise, contents: Mapping[str, bytes]) -> Proved:
        verdict = self._judged(name, promise, contents)
        if verdict.wrong:
            raise Undone(f"{name}: {verdict.wrong}")
        return Proved(
            location=name,
            promised_bytes=promise.bytes,
            promised_s=promise.seconds,
            saved_bytes=verdict.saved_bytes,
            saved_s=verdict.saved_s,
        )

    def _judged(self, name: str, promise: Promise, contents: Mapping[str, bytes]) -> Verdict:
        before = self.bench.before(name)
        if why := why_unprovable(before):
            return Verdict(0, 0.0, why)
        loads = self.bench.after(name, contents)
        verdict = judge(before, measured(loads), promise)
        if verdict.slow:
            loads += self.bench.after(name, contents, SLOW_LOADS)
            verdict = judge(before, measured(loads), promise)
        self._after[name] = loads
        return verdict

    def write(self, originals: Mapping[str, Original], contents: Mapping[str, bytes]) -> None:
        """All files or none. Each location is loaded once more from them: what reads its own source sees
        them only now. Raises NotEditable and Undone."""
        written: list[str] = []
        try:
            for file, content in contents.items():
                write_new(originals[file], content)
                written.append(file)
            self._confirm()
        except BaseException:
            left = _taken_back(written, originals, contents)
            if left:
                raise Undone(f"it was written but cannot be taken back: {left}") from None
            raise
        for name, loads in self._after.items():
            self.bench.became(name, loads)

    def _confirm(self) -> None:
        names = list(self._after)
        with ThreadPoolExecutor(self.jobs) as pool:
            loaded = list(pool.map(self.bench.once, names))
        for name, now in zip(names, loaded, strict=True):
            was = self.bench.before(name)
            if now.trouble:
                raise Undone(f"{name}: it does not load any more: {now.trouble}")
            if now.digests != was.digests:
                raise Undone(f"{name}: its definitions are not the same once the file is written")


def _taken_back(written: list[str], originals: Mapping[str, Original], contents: Mapping[str, bytes]) -> str:
    """Which files are not as they were, and why; "" where all are."""
    left = []
    for file in reversed(written):
        try:
            restore(originals[file], contents[file])
        except NotEditable as why:
            left.append(f"{file}: {describe(why)}")
    return "; ".join(left)
