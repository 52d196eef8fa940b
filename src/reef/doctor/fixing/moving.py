"""Moves one import of a module into the functions that use it. Pure: bytes in, bytes out."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from reef.doctor.fixing import obstacles
from reef.doctor.fixing.aliases import Alias
from reef.doctor.fixing.at_load import runs_while_loading
from reef.doctor.fixing.editing import edited
from reef.doctor.fixing.exports import exports_of
from reef.doctor.fixing.finding import Lines, Unit, find
from reef.doctor.fixing.judging import Known, Movable, judge
from reef.doctor.fixing.model import Around, Kept, Moved, Receiver, Refused
from reef.doctor.fixing.occurrences import Survey
from reef.doctor.fixing.rechecking import disagreement
from reef.doctor.fixing.survey import survey
from reef.words import describe


def move(
    source: bytes,
    line: int,
    modules: Collection[str] = (),
    around: Around | None = None,
    *,
    is_package: bool = False,
) -> Moved | Refused:
    """`line`, from 1, is any of the statement's. `modules`: which of its names are meant, by absolute names;
    none means all of them. `is_package`: the file is an `__init__.py`. Never raises for what a source holds.
    """
    try:
        return _move(source, line, modules, around or Around(), is_package)
    except RecursionError:
        return Refused("it is nested too deeply to be read", line)


def _move(
    source: bytes, line: int, modules: Collection[str], around: Around, is_package: bool
) -> Moved | Refused:
    parsed = _parsed(source)
    if isinstance(parsed, Refused):
        return parsed
    module, lines = parsed
    unit = find(module, lines, line, modules, around)
    if isinstance(unit, Refused):
        return unit
    found = survey(module)
    refused = obstacles.of_module(unit, found, lines)
    if refused is not None:
        return refused
    running = runs_while_loading(found)
    known = Known(unit, found, lines, exports_of(module, found), running, around, is_package)
    return _decided(source, module, known)


def _parsed(source: bytes) -> tuple[cst.Module, Lines] | Refused:
    try:
        module = cst.parse_module(source)
    except cst.ParserSyntaxError as error:
        return Refused(f"it cannot be parsed: {error.message}", max(1, error.raw_line))
    except (UnicodeDecodeError, LookupError, SyntaxError, ValueError) as error:
        return Refused(f"it cannot be read as Python: {describe(error)}", 1)
    if module.bytes != source:
        return Refused("its text would not come out as it went in", 1)
    wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
    places = wrapper.resolve(PositionProvider)
    lines = {node: (place.start.line, place.end.line) for node, place in places.items()}
    return module, cast(Lines, lines)


def _decided(source: bytes, module: cst.Module, known: Known) -> Moved | Refused:
    unit = known.unit
    judged = [judge(alias, known) for alias in _considered(unit, known.found)]
    kept = tuple(one for one in judged if isinstance(one, Kept))
    movable = [one for one in judged if isinstance(one, Movable)]
    together = unit.whole or unit.star
    if kept and (together or not movable):
        return Refused(kept[0].reason, kept[0].line)
    if not movable:
        return Refused("no name that it brings is used in this file", unit.line)
    new = edited(module, unit, movable, known.found.lazy_annotations).bytes
    names = tuple(one.alias.name for one in movable)
    typing = tuple(one.alias.name for one in movable if one.typing)
    offered = tuple(one.alias.name for one in movable if one.offered)
    gone = [name for name in names if name not in typing and not _is_bound_still(name, known)]
    wrong = disagreement(source, new, gone)
    if wrong is not None:
        return Refused(f"it cannot be moved safely: {wrong}", unit.line)
    return Moved(new, names, _places(movable, known), typing, offered, kept, _warnings(movable, known))


def _is_bound_still(name: str, known: Known) -> bool:
    """By `import a.c`, where `import a.b` has moved."""
    bindings = sum(binding.name == name for binding in known.found.bindings)
    return bindings > sum(alias.name == name for alias in known.unit.wanted)


def _considered(unit: Unit, found: Survey) -> list[Alias]:
    """Of a star import, whose names may be hundreds, those that are used."""
    return [alias for alias in unit.wanted if not unit.star or found.of(alias.name)]


def _places(movable: list[Movable], known: Known) -> tuple[Receiver, ...]:
    hosts = {host for one in movable for host in one.hosts}
    places = [Receiver(_qualified(host, known.found), known.lines[host.name][0]) for host in hosts]
    return tuple(sorted(places, key=lambda place: place.line))


def _qualified(function: cst.FunctionDef, found: Survey) -> str:
    spot = found.functions[function]
    outer = [_qualified(spot.host, found)] if spot.host is not None else []
    inside = [spot.inside.name.value] if spot.inside is not None else []
    return ".".join([*outer, *inside, function.name.value])


def _warnings(movable: list[Movable], known: Known) -> tuple[str, ...]:
    patched = known.around.patched_by
    said = [
        f"{patched[one.alias.name]} replaces {one.alias.name} in this module: it has to name another place then"
        for one in movable
        if one.alias.name in patched and one.hosts
    ]
    ticking = [host.name.value for one in movable for host in one.hosts if obstacles.ticks(host, known.found)]
    if ticking:
        names = ", ".join(sorted(set(ticking)))
        said.append(f"the code server ticks with {names}: the first tick brings the module there")
    forks = ("ProcessPoolExecutor", "multiprocessing", "concurrent.futures.ProcessPoolExecutor")
    if any(use.text.startswith(forks) for use in known.found.uses):
        said.append("this module starts worker processes: each of them imports by itself then")
    return tuple(said)
