"""What a page shows of one location: the same as `reef usage LOCATION --json`, with its hours, and as lines of text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reef.decide.sizing.proposal import Has, cores_text, memory_text
from reef.decide.sizing.stretches import DAY_S, Spread, Stretch
from reef.fleet.model import Location
from reef.usage.history import History
from reef.usage.judging import Judged, judged
from reef.usage.recorded import Records, seen_of, watched

_BARS = " ▁▂▃▄▅▆▇█"
_PLAIN = " .:-=+*#@"


def has_of(spec: Location) -> Has:
    """What is set for a location of this machine."""
    return Has(memory_limit=spec.memory_limit_bytes, placement=spec.placement)


def about(folder: Path, location: str, has: Has, *, since: float = 0.0) -> dict[str, Any]:
    """Of a host's history in `folder`. Blocks. As `about_of`. Raises OSError where the history cannot be read."""
    return about_of(History(folder), location, has, since=since)


def about_of(
    records: Records, location: str, has: Has, *, since: float = 0.0, pod_has: Has | None = None
) -> dict[str, Any]:
    """Blocks. Keys as `Judged.to_json`, and `hours`, a list of `{"start", "own_bytes",
    "whole_bytes", "cpu_cores", "awake_s", "calls", "wakes"}`, oldest first, without those in which it slept; `lines`, a
    text for people. Raises OSError where the records cannot be read."""
    seen = seen_of(records, location)
    window_watch = watched(records, since) if since else None
    found = judged(location, seen, has, since, window_watch=window_watch, pod_has=pod_has)
    hours = [_hour(each) for each in seen.stretches if each.start >= since]
    return {**found.to_json(), "hours": hours, "lines": lines(found)}


def _hour(each: Stretch) -> dict[str, Any]:
    return {
        "start": each.start,
        "own_bytes": each.own.peak,
        "whole_bytes": each.whole.peak,
        "cpu_cores": each.cpu.p95,
        "awake_s": each.awake_s,
        "calls": each.calls,
        "wakes": each.wakes,
    }


def lines(found: Judged, *, plain: bool = False) -> list[str]:
    """What was used, what is set, what is proposed and why."""
    window, has = found.window, found.has
    days = len(window.watch.days)
    head = f"{found.name}: {days} days watched, awake for {_time(window.awake_s)}"
    if found.source == "history":
        head += f", {window.wakes} wakes, {window.probes} probes, {window.calls} calls"
    said = [head]
    if window.own.peak:
        said.append(f"  memory of its own   {_memory(window.own)}")
    if window.whole.peak:
        of = "  memory in all       " if found.source == "history" else "  memory              "
        said.append(f"{of}{_memory(window.whole)}")
        said.append(f"  its days            {chart(found.seen.stretches, plain=plain)}")
    if window.cpu.peak:
        said.append(f"  processor           {_cores(window.cpu)}")
    said.append(f"  set                 {_set(has)}")
    said += proposal_lines(found)
    return said


def proposal_lines(found: Judged) -> list[str]:
    """One line for each figure."""
    here, pod = found.here, found.pod
    if here.none_because is not None and not here.changes:
        return [f"  no proposal         {here.none_because}"]
    said = []
    if found.source == "history":
        said.append(_line("memory_limit", _size(here.memory_limit.value), here.memory_limit.why))
        said.append(_line("placement", here.placement.value, here.placement.why))
        if pod.none_because is None:
            said.append("  as a pod of its own:")
    if pod.none_because is None:
        said.append(_line("request memory", _size(pod.memory_request.value), pod.memory_request.why))
        said.append(_line("limit memory", _size(pod.memory_limit.value), pod.memory_limit.why))
        cpu = pod.cpu_request.value
        said.append(
            _line("request cpu", cores_text(float(cpu)) if cpu is not None else None, pod.cpu_request.why)
        )
    return said


def chart(stretches: Sequence[Stretch], width: int = 42, *, plain: bool = False) -> str:
    """The highest memory of each day, or of each hour where there are few, from none to the highest of all."""
    signs = _PLAIN if plain else _BARS
    if not stretches:
        return ""
    first, last = stretches[0].start, stretches[-1].start
    step = DAY_S if last - first > 3 * DAY_S else 3600
    count = min(width, (last - first) // step + 1)
    begin = last // step - count + 1
    tops = [0.0] * count
    for each in stretches:
        at = each.start // step - begin
        if at >= 0:
            tops[at] = max(tops[at], each.whole.peak or each.own.peak)
    most = max(tops) or 1.0
    return "".join(signs[round(top / most * (len(signs) - 1))] for top in tops)


def _line(what: str, value: object, why: str) -> str:
    return f"  {what:<19} {value if value is not None else 'as it is'} ({why})"


def _size(value: object) -> str | None:
    return memory_text(float(value)) if isinstance(value, int | float) else None


def _memory(found: Spread) -> str:
    return f"p50 {memory_text(found.p50)}, p95 {memory_text(found.p95)}, peak {memory_text(found.peak)}"


def _cores(found: Spread) -> str:
    return f"p50 {cores_text(found.p50)}, p95 {cores_text(found.p95)}, peak {cores_text(found.peak)}"


def _set(has: Has) -> str:
    parts = [
        has.placement,
        f"requests {memory_text(has.memory_request)}" if has.memory_request else None,
        f"limit {memory_text(has.memory_limit)}" if has.memory_limit else "no memory limit",
        f"requests {cores_text(has.cpu_request)} processors" if has.cpu_request else None,
    ]
    return ", ".join(part for part in parts if part)


def _time(seconds: float) -> str:
    if seconds < 5400:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.0f} hours" if seconds < 3 * DAY_S else f"{seconds / DAY_S:.0f} days"
