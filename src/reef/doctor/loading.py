"""Loading a location once, as it is: what it brings, and what its definitions are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from reef.doctor.findings import Costs, Definitions, Loaded, Trouble, TroubleKind
from reef.doctor.guest_process import Ended, GuestProcess
from reef.fleet.model import CodeTarget, Location
from reef.locations.specs import location_env
from reef.words import describe

TIMEOUT_S = 180.0


def environ_of(spec: Location, environ: Mapping[str, str]) -> dict[str, str]:
    """That of the location's server; `environ` is Reef's own."""
    return location_env(spec, environ, environ.get("DAGSTER_HOME"))


def target_of(code: CodeTarget) -> dict[str, str | None]:
    return {
        "python_file": code.python_file,
        "module_name": code.module_name,
        "package_name": code.package_name,
        "autoload_defs_module_name": code.autoload_defs_module_name,
        "attribute": code.attribute,
        "working_directory": code.working_directory,
    }


def load_once(
    python: str,
    target: CodeTarget,
    cwd: str,
    env: Mapping[str, str],
    *,
    location: str = "",
    timeout_s: float = TIMEOUT_S,
    instead: Mapping[str, str] | None = None,
) -> Loaded:
    """One load in a fresh interpreter, nothing patched. Blocks; never raises for what the location does.
    `instead`: real path of a source file -> path of what is loaded in its place."""
    request = {
        "do": "plain",
        "roots": [cwd],
        "target": target_of(target),
        "location": location or "location",
        "timeout_s": timeout_s,
        "instead": dict(instead or {}),
    }
    try:
        with GuestProcess(python, cwd, env) as guest:
            answer = guest.ask(request, timeout_s)
    except Ended as end:
        return _failed(cast("TroubleKind", end.kind), describe(end))
    except OSError as error:
        return _failed("error", f"{python} cannot be started: {describe(error)}")
    if "failed" in answer:
        return _failed("error", answer["failed"])
    trouble = troubles_of(answer)
    whole = Costs(
        wall_s=answer["own"]["wall_s"],
        cpu_s=answer["own"]["cpu_s"],
        private_bytes=answer["private_bytes"],
        shared_bytes=answer["shared_bytes"],
        threads=answer["threads"],
        sockets=answer["sockets"],
        children=answer["children"],
    )
    return Loaded(
        definitions_digest=answer.get("digest", ""),
        costs=whole,
        trouble=trouble,
        definitions=definitions_of(answer),
    )


def _failed(kind: TroubleKind, message: str) -> Loaded:
    return Loaded(definitions_digest="", costs=Costs(), trouble=(Trouble(kind=kind, message=message),))


def troubles_of(answer: Mapping[str, Any]) -> tuple[Trouble, ...]:
    found = answer.get("trouble")
    if not found:
        return ()
    return (Trouble(kind=found["kind"], message=found["message"], file=found["file"], line=found["line"]),)


def definitions_of(answer: Mapping[str, Any]) -> dict[str, Definitions]:
    return {name: Definitions(**one) for name, one in answer.get("definitions", {}).items()}
