"""Shared services, as `services` of a reef.yaml names them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from reef.fleet.document import Item
from reef.fleet.environment import written_env
from reef.fleet.interpreter import fault_of, resolved_python
from reef.fleet.measured import read_size, read_span
from reef.fleet.model import ServiceSpec

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


def read_services(
    item: Item | None, folder: str, python: str, environ: Mapping[str, str]
) -> tuple[ServiceSpec, ...]:
    """The item is already known to fit its model. Raises ReefError for what cannot be meant."""
    if item is None or item.value is None:
        return ()
    return tuple(_service(name, each, folder, python, environ) for name, each in item.entries.items())


def _service(name: str, item: Item, folder: str, python: str, environ: Mapping[str, str]) -> ServiceSpec:
    if not _NAME.fullmatch(name):
        raise item.error(
            "is no name for a service", "letters, digits, - and _, at most 40: it names a socket's file"
        )
    said = {key for key, each in item.entries.items() if each.value is not None}
    if "address" in said:
        return _elsewhere(name, item, said)
    for key in ("module", "expose"):
        if key not in said:
            raise item.error(f"has no {key}", "a service has module and expose, or an address")
    cwd = _text(item, "cwd")
    env, _ = written_env(item.entries.get("env"), environ)
    return ServiceSpec(
        name,
        str(item.entries["module"].value),
        tuple(str(each.value) for each in item.entries["expose"].elements),
        _python(item, folder, python, environ),
        os.path.normpath(os.path.join(folder, os.path.expanduser(cwd))) if cwd else folder,
        env,
        memory_limit_bytes=read_size(item.entries.get("memory")),
        idle_timeout_s=_span(item, "idle_timeout", ServiceSpec.idle_timeout_s),
        start_timeout_s=_span(item, "start_timeout", ServiceSpec.start_timeout_s),
        at_once=_number(item, "at_once", ServiceSpec.at_once),
        waiting=_number(item, "waiting", ServiceSpec.waiting),
        image=_text(item, "image") or "",
        replicas=_replicas(item),
    )


def _replicas(item: Item) -> tuple[int, int]:
    said = item.entries.get("replicas")
    if said is None or said.value is None:
        return ServiceSpec.replicas
    fewest = _number(said, "min", 1)
    most = _number(said, "max", fewest)
    if most < fewest:
        raise said.error(f"has max {most}, less than min {fewest}", "write a max that is no less than min")
    return fewest, most


def _elsewhere(name: str, item: Item, said: set[str]) -> ServiceSpec:
    if others := said - {"address", "waiting", "at_once"}:
        raise item.error(
            f"has an address and {', '.join(sorted(others))}",
            "Reef starts nothing where somebody else serves",
        )
    at_once, waiting = (_number(item, key, getattr(ServiceSpec, key)) for key in ("at_once", "waiting"))
    address = str(item.entries["address"].value)
    return ServiceSpec(name, "", (), "", "", at_once=at_once, waiting=waiting, address=address)


def _python(item: Item, folder: str, python: str, environ: Mapping[str, str]) -> str:
    written = _text(item, "python")
    if written is None:
        return python
    found = resolved_python(written, folder, environ)
    if fault := fault_of(found):
        raise item.entries["python"].error(f'= "{written}", {found} {fault}', "name one that has the module")
    return found


def _text(item: Item, name: str) -> str | None:
    found = item.entries.get(name)
    return None if found is None or found.value is None else str(found.value)


def _number(item: Item, name: str, default: int) -> int:
    found = item.entries.get(name)
    return found.value if found is not None and isinstance(found.value, int) else default


def _span(item: Item, name: str, default: float) -> float:
    found = read_span(item.entries.get(name))
    return default if found is None else found
