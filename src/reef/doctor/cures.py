"""What to do about a finding, and one sentence that says what it is. Pure."""

from __future__ import annotations

from reef.doctor.amounts import size_of
from reef.doctor.findings import Costs, Kind, Needed

_CURES: dict[Kind, str] = {
    "body": "compute it in the function that uses it, or in a resource, once (functools.cache)",
    "client": "make it in a resource (ConfigurableResource.setup_for_execution), or in the function that uses it",
    "http": "call it in a run or in a sensor, and keep what definitions need in a file",
    "file": "read it in the function that uses it, or in a resource",
    "thread": "start it in the run that needs it",
    "process": "start it in the run that needs it",
}


def cure_of(kind: Kind, needed: Needed, why: str, module: str, statements: int) -> str:
    where = "" if statements < 2 else f" (all {statements} statements)"
    if kind != "import":
        if needed == "define":
            return f"definitions need it ({why}): keep what they need of it in a constant or a small file"
        return _CURES.get(kind, "")
    if needed == "run" and why.startswith("it only makes"):
        return f"move it into the functions that use it, with what it makes ({why[14:]})"
    if needed == "run":
        return f"move it into the functions that use it{where}: reef doctor --fix"
    if why.startswith("type annotation,"):
        return f"put the annotation in quotes ({why[17:]}) and move it{where}: reef doctor --fix"
    if why.startswith("type annotation that"):
        return f"annotate with a lighter type, or none ({why}), then move it into the functions that use it"
    if needed == "define" and why.startswith("module-level value"):
        line = why.rpartition(" ")[2]
        return f"line {line} uses it while loading: move both into the functions that use what it makes"
    if needed == "define":
        return f"definitions need it ({why}): import it where that is computed, or take a lighter way to it"
    return f"move it into the functions that use it{where}, if nothing needs its effects"


def message_of(kind: Kind, module: str, costs: Costs, name: str) -> str:
    parts = []
    if costs.private_bytes >= 1 << 19:
        parts.append(size_of(costs.private_bytes))
    if costs.wall_s >= 0.005:
        parts.append(f"{costs.wall_s:.2f} s")
    for number, what in (
        (costs.threads, "thread"),
        (costs.children, "program"),
        (len(costs.files), "big file"),
    ):
        if number:
            parts.append(f"{number} {what}{'s' if number > 1 else ''}")
    took = ", ".join(parts) or "little"
    subject = {
        "import": f"import of {module}" if module else "import",
        "client": f"client made while loading{name}",
        "http": f"call while loading{name}",
        "file": f"file read while loading{name}",
        "thread": f"thread started while loading{name}",
        "process": f"program started while loading{name}",
    }.get(kind, "statement at module level")
    return f"{subject} costs {took}"
