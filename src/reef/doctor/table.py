"""The report for people: at most 100 columns. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from reef.doctor.amounts import size_of, time_of
from reef.doctor.findings import Diagnosis, Finding
from reef.doctor.offers_text import offers_text
from reef.doctor.report import Library, Report, shown_path
from reef.words import count, shortened

WIDTH = 100
COLUMNS = ("SAVES", "COSTS", "LOAD", "ALWAYS UP", "REEF", "NEEDED", "LOCATION", "WHERE")
MOST_LIBRARIES = 8
MOST_LINES = 4
MOST_PLACES = 5


def rendered(report: Report, full: bool = False) -> str:
    """Findings of all locations, ranked by what the cure saves; `full`: with cure and statement of each."""
    findings = sorted(report.findings(), key=_rank)
    lines = [*_findings(findings, report.top), ""] if findings else []
    lines += _cures(findings, report.top) if full else []
    lines += _libraries(report.libraries, report.top)
    lines += offers_text(report.offers, WIDTH)
    lines += _troubles(report)
    lines += _over(report)
    return "\n".join([*lines, *_totals(report)])


def _rank(one: Finding) -> tuple[float, float, str, str, int]:
    saving = one.saving_bytes / 1e9 * 9 + one.saving_s
    cost = one.costs.private_bytes / 1e9 * 9 + one.costs.wall_s
    return -saving, -cost, one.location, one.file, one.line


def _findings(findings: Sequence[Finding], top: str) -> list[str]:
    rows = [COLUMNS, *(_row(one, top) for one in findings)]
    last = len(COLUMNS) - 1
    widths = [max(len(row[column]) for row in rows) for column in range(last)]
    widths[last - 1] = min(widths[last - 1], 18)
    lines = []
    for row, finding in zip(rows, [None, *findings], strict=True):
        cells = [shortened(cell, width).ljust(width) for cell, width in zip(row, widths, strict=False)]
        head = "  ".join(cells)
        lines.append(f"{head}  {_tail(row[last], WIDTH - len(head) - 2)}".rstrip())
        if finding is not None:
            lines.append(shortened(f"    {finding.statement or finding.message}", WIDTH))
    return lines


def _row(one: Finding, top: str) -> tuple[str, ...]:
    needed = {"define": "define", "run": "run", "unknown": "?"}[one.needed]
    return (
        size_of(one.saving_bytes),
        size_of(one.costs.private_bytes),
        time_of(one.costs.wall_s),
        size_of(one.at_rest_bytes),
        size_of(one.under_reef_bytes),
        needed if one.kind in ("import", "body", "client", "file") else one.kind,
        one.location or "all",
        f"{shown_path(one.file, top)}:{one.line}" if one.file else "-",
    )


def lines_of(diagnosis: Diagnosis, top: str) -> tuple[str, ...]:
    """What was found of one location, a sentence each."""
    found = sorted(diagnosis.findings, key=_rank)
    said = [f"{shown_path(one.file, top)}:{one.line}: {one.message}. Cure: {one.cure}." for one in found]
    return (*(" ".join(one.message.split()) for one in diagnosis.trouble), *said)


def _tail(path: str, width: int) -> str:
    """The end of a path says more than its beginning."""
    return path if len(path) <= width else f"…{path[len(path) - width + 1 :]}"


def _cures(findings: Sequence[Finding], top: str) -> list[str]:
    lines = []
    for one in findings:
        where = f"{shown_path(one.file, top)}:{one.line}" if one.file else "settings"
        lines += _wrapped(f"{where}: {one.message}", "")
        lines += _wrapped(f"cure: {one.cure}", "    ") if one.cure else []
        lines += _also(one, top)
    return [*lines, ""]


def _also(one: Finding, top: str) -> list[str]:
    lines = []
    for place in one.shared_with[:MOST_PLACES]:
        where = f"{shown_path(place.file, top)}:{place.line}"
        if place.bytes:
            told = f"shares {size_of(place.bytes)} with {where}, which nobody is charged for"
        else:
            told = f"also at {where}: costs are those of all together"
        lines += _wrapped(told, "    ")
    if len(one.shared_with) > MOST_PLACES:
        lines.append(f"    and {len(one.shared_with) - MOST_PLACES} more")
    return lines


def _wrapped(text: str, indent: str) -> list[str]:
    import textwrap

    return textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}    ", break_long_words=True
    )


def _libraries(libraries: Sequence[Library], top: str) -> list[str]:
    several = [one for one in libraries if len(one.lines) > 1][:MOST_LIBRARIES]
    lines = []
    for one in several:
        told = f"{one.name}: {count(len(one.locations), 'location')}, {size_of(one.bytes)} together"
        lines.append(shortened(f"{told}, {time_of(one.seconds)} to load", WIDTH))
        for line in one.lines[:MOST_LINES]:
            head = f"    {shortened(line.location, 24)}  {size_of(line.bytes)}  "
            lines.append(f"{head}{_tail(f'{shown_path(line.file, top)}:{line.line}', WIDTH - len(head))}")
        if len(one.lines) > MOST_LINES:
            lines.append(f"    and {len(one.lines) - MOST_LINES} more")
    return [*lines, ""] if lines else []


def _troubles(report: Report) -> list[str]:
    lines = []
    for diagnosis in report.diagnoses:
        for one in diagnosis.trouble:
            where = f"{shown_path(one.file, report.top)}:{one.line}: " if one.file else ""
            lines += _wrapped(f"{diagnosis.location}: {where}{' '.join(one.message.split())}", "")
    return [*lines, ""] if lines else []


def _over(report: Report) -> list[str]:
    lines = []
    for one in report.over_budget:
        where = f" ({shown_path(one.file, report.top)}:{one.line})" if one.file else ""
        lines += _wrapped(f"over budget: {one.location}: {one.message}{where}", "")
    return [*lines, ""] if lines else []


def _totals(report: Report) -> list[str]:
    loaded = [one for one in report.diagnoses if not _failed(one)]
    own = sum(one.own.private_bytes for one in loaded)
    saving = sum(finding.saving_bytes for finding in report.findings())
    what = "got heavier" if report.since else "to look at"
    said = f"{count(len(report.diagnoses), 'location')}, {count(len(report.findings()), 'finding')} {what}"
    failed = len(report.diagnoses) - len(loaded)
    lines = [f"{said}{f', {failed} did not load' if failed else ''}"]
    if loaded:
        lines.append(f"their own memory {size_of(own)} together, of which {size_of(saving)} can be saved")
    return lines


def _failed(one: Diagnosis) -> bool:
    return any(trouble.kind != "partial" for trouble in one.trouble)
