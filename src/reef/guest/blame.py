"""Which of the modules that are being preloaded did what others would meet.

State is compared where the body of one distribution's module gives way to that of another's. So a change is of the
distribution whose modules ran since the last comparison. Comparing costs: each kind has a share of the time. Where
it is used up, those that ran together until a later comparison are looked at more closely in another round.
"""

from __future__ import annotations

import codecs
import encodings
import gc
import sys
import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .asked import AbstractClasses, ContextVariables, Loggers, Modules, Process
from .changes import Change
from .holders import Holder
from .holdings import Holdings
from .insides import Insides
from .recorders import Registrations

STDLIB = "the standard library"
STDLIB_PART = 0.3  # of the time for comparing, around its modules
_OF_PROCESSES = frozenset(
    ("_thread", "os", "select", "selectors", "signal", "socket", "subprocess", "threading", "time")
)
IN_ADVANCE_S = 2.0  # of the time by which shares are counted: what building takes besides importing


class Group(NamedTuple):
    """What some modules added that ran together. Of `one` distribution, whoever has any of them has all."""

    modules: tuple[str, ...]
    changes: tuple[Change, ...]
    one: bool = False

    def is_there(self, names: Container[str]) -> bool:
        return (any if self.one else all)(module in names for module in self.modules)

    def words(self) -> str:
        return told(self.changes)


def told(found: Sequence[Change]) -> str:
    return found[0].what + (f" (and {len(found) - 1} more)" if len(found) > 1 else "")


class Dirt(NamedTuple):
    """Why a module cannot be preloaded: "held", "changed" or "needs" (another that cannot), and in words. "unclear"
    is one that ran together with others: the next round looks at them more closely."""

    kind: str
    words: str


class _Look:
    """One kind of state: how it is compared, and what ran since."""

    def __init__(self, differences: Callable[[], Iterable[Change]], share: float) -> None:
        self.differences = differences
        self.ran: dict[str, None] = {}
        self._share = share
        self._spent_s = 0.0

    def pays(self, elapsed_s: float, part: float) -> bool:
        return self._spent_s <= part * self._share * (elapsed_s + IN_ADVANCE_S)

    def take(self) -> list[Change]:
        started = time.process_time()
        found = list(self.differences())
        self._spent_s += time.process_time() - started
        return found


class Blame:
    """`shared`: modules that every location has loaded before its own code, which are only asked for what a fork
    must not inherit. `distributions`: top-level name -> distribution, where it is another name."""

    def __init__(self, shared: Iterable[str], distributions: Mapping[str, str]) -> None:
        self.dirty: dict[str, Dirt] = {}
        self.groups: list[Group] = []
        self._leaving: list[tuple[int, tuple[str, ...], list[Change]]] = []
        self.costs: dict[str, float] = {}
        self._shared = frozenset(shared)
        self._loaded: set[str] = set()
        self._known: frozenset[str] = frozenset()
        self._together: set[str] = set()  # what was loaded by one import: nobody has only a part of it
        self._distributions = distributions
        self._of: dict[str, str] = {}
        self._closely: frozenset[str] = frozenset()
        self._started = time.process_time()
        self._entered_at: dict[str, float] = {}
        self._registrations = Registrations()
        self._looks = [_Look(Process().differences, 0.05)]
        self._holdings: Holdings | None = None
        self._moment = 0
        self._patched = sys.maxsize  # when somebody first patched what processes are made of
        self._before_s = 0.0
        self._codecs = _of_codecs()  # now, while there is little to look through
        self._insides, self._abstract = Insides(), AbstractClasses()

    def begin(self, *, compares: bool) -> None:
        """From here on modules are preloaded that some locations do not have, if any are: it `compares` then."""
        self._shared = self._shared.union(sys.modules, self._loaded)
        self._settle(self._looks[0])
        self._known = frozenset(sys.modules)
        if not compares:
            return
        self._registrations.begin()
        self._holdings = holdings = Holdings()
        self._take(list(sys.modules))
        for label, container in self._codecs:
            holdings.hold("codecs", label, container)
        self._looks += [
            _Look(holdings.differences, 0.035),
            _Look(Modules(self._loaded).differences, 1.0),
            _Look(ContextVariables().differences, 1.0),
            _Look(Loggers().differences, 0.02),
            _Look(self._abstract.differences, 0.02),
            _Look(self._registrations.differences, 1.0),
            _Look(self._insides.differences, 0.002),
        ]
        self._before_s = time.process_time() - self._started

    def again(self, *, forked: bool) -> None:
        """In a process that has forked since it began, or that is `forked`: it has other children and descriptors, and
        what a fork does to a process is nobody's doing."""
        self._started = time.process_time() - self._before_s
        self._looks[0].differences = Process().differences
        # Not the last: what functions refer to, a fork leaves as it is.
        for look in self._looks[1:-1] if forked else ():
            list(look.differences())

    def look_closely(self, distributions: Iterable[str]) -> None:
        """Around these everything is compared, whatever that takes."""
        self._closely = frozenset(distributions)

    def entered(self, name: str, outer: str) -> None:
        if not outer:
            self._known = self._known.union(self._together)
            self._together.clear()
        self._together.add(name)
        self._loaded.add(name)
        if self.distribution(name) != self.distribution(outer):
            self._entered_at[name] = time.process_time()
            self._compare(name, outer)
        self._runs(name)

    def left(self, name: str, outer: str) -> None:
        if self._holdings is not None:
            self._take([name])
        if self.distribution(name) != self.distribution(outer):
            self._compare(name, outer)
            taken = time.process_time() - self._entered_at.pop(name, time.process_time())
            of = self.distribution(name)
            self.costs[of] = self.costs.get(of, 0.0) + taken
        if outer:
            self._runs(outer)

    def has_found(self) -> bool:
        return bool(self._leaving)

    def end(self) -> None:
        """Everything is compared once more."""
        for look in self._looks:
            self._settle(look)
        if self._holdings is not None:
            self._registrations.end(self._holdings.namespaces())
        for modules, found in self._blamed():
            self._leave_out(modules, found)
        self._forget()

    def _forget(self) -> None:
        """What was compared goes at once, so that what comes next has its room."""
        self._looks.clear()
        self._codecs.clear()
        self._holdings = None
        self._insides, self._abstract = Insides(), AbstractClasses()

    def distribution(self, module: str) -> str:
        found = self._of.get(module)
        if found is None:
            top = module.partition(".")[0]
            found = STDLIB if top in sys.stdlib_module_names else self._distributions.get(top, top)
            self._of[module] = found
        return found

    def _runs(self, name: str) -> None:
        for look in self._looks:
            look.ran[name] = None

    def _take(self, names: list[str]) -> None:
        assert self._holdings is not None
        holders: list[Holder] = self._holdings.take(names)
        self._insides.take(holders, self._holdings.functions())
        self._abstract.take([one.target for one in holders if one.sort == "class"])

    def _compare(self, name: str, outer: str) -> None:
        """The standard library is seldom to blame: comparing around its modules gets a smaller part. What all have is
        looked at as a whole, but for what shall be looked at closely."""
        self._moment += 1
        always = bool(self._closely.intersection((self.distribution(name), self.distribution(outer))))
        if self._holdings is None and not always:
            return
        elapsed = time.process_time() - self._started
        part = STDLIB_PART if outer and self.distribution(name) == STDLIB else 1.0
        for look in self._looks:
            if look.ran and (always or look.pays(elapsed, part)):
                self._settle(look)

    def _settle(self, look: _Look) -> None:
        found, ran = look.take(), tuple(look.ran)
        look.ran.clear()
        if not found:
            return
        own = tuple(name for name in ran if name not in self._shared)
        own = tuple(name for name in own if self.distribution(name) != STDLIB) or own
        entries = [change for change in found if change.kind == "own"]
        strange = [c for c in found if c.kind != "own" and not self._is_own(c.owner, ran)]
        one = len({self.distribution(name) for name in own}) == 1
        unfit = [c for c in strange if c.kind in ("held", "lost")]
        if own:
            self._enter(own, entries)
        if unfit:
            self._leaving.append((self._moment, own or ran, unfit))
        elif own and any(c.kind == "changed" or not (one or self._whose(c, own)) for c in strange):
            if any(c.owner in _OF_PROCESSES for c in strange if c.kind == "changed"):
                self._patched = min(self._patched, self._moment)
            self._leaving.append((self._moment, own, [c for c in strange if c.kind == "changed"] or strange))
        elif own:
            for change in strange:
                self._group(self._whose(change, own) or own, change)

    def _is_own(self, owner: str, ran: tuple[str, ...]) -> bool:
        """Whether what was changed belongs to those that ran, and nobody can have the one without the other."""
        if not owner:
            return False
        of = self.distribution(owner)
        beside = {self.distribution(name) for name in ran}
        if of not in beside or (of == STDLIB and len(beside) > 1):
            return False
        return owner in self._together or owner in ran or owner not in self._known

    def _enter(self, own: tuple[str, ...], entries: list[Change]) -> None:
        """Each goes with the modules of the distribution whose name it has."""
        for change in entries:
            self._group(self._whose(change, own) or own, change)

    def _group(self, modules: tuple[str, ...], change: Change) -> None:
        before = (
            self.groups.pop() if self.groups and self.groups[-1].modules == modules else Group(modules, ())
        )
        of = {self.distribution(name) for name in modules}
        one = len(of) == 1 and (STDLIB not in of or len({name.partition(".")[0] for name in modules}) == 1)
        self.groups.append(Group(modules, (*before.changes, change), one))

    def _whose(self, change: Change, own: tuple[str, ...]) -> tuple[str, ...]:
        """Those that ran of the distribution that the change is of, if any."""
        of = self.distribution(change.owner) if change.owner else ""
        return tuple(name for name in own if self.distribution(name) == of)

    def _blamed(self) -> Iterator[tuple[tuple[str, ...], list[Change]]]:
        """Without what was changed only for a while. What seems to be held after a patch may be the patch's doing:
        another round without it tells."""
        for moment, modules, found in self._leaving:
            if moment >= self._patched and all(change.kind == "held" for change in found):
                continue
            still = [change for change in found if change.holds is None or change.holds()]
            if still:
                yield modules, still

    def _leave_out(self, modules: tuple[str, ...], found: list[Change]) -> None:
        words = told(found)
        kind = "held" if all(change.kind == "held" for change in found) else "changed"
        if len({self.distribution(name) for name in modules}) > 1:
            kind = "unclear"
        for name in modules:
            self.dirty.setdefault(name, Dirt(kind, words))


def _of_codecs() -> list[tuple[str, Any]]:
    """The interpreter's lists of codecs, which only the garbage collector can show."""
    found: list[tuple[str, Any]] = []
    for one in gc.get_referrers(encodings.search_function):
        if type(one) is list and one and callable(one[0]):
            found.append(("the codecs", one))
    for one in gc.get_referrers(codecs.strict_errors):
        if type(one) is dict and one.get("strict") is codecs.strict_errors:
            found.append(("the codecs' error handlers", one))
    return found
