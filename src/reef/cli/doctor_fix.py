"""`reef doctor --fix`: has the locations examined, the imports moved, and says what became of each."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping

import click
import msgspec

from reef.cli.doctor_run import Asked, diagnose, read_fleet, wishes_of
from reef.doctor.fixing.outcome import Cured
from reef.doctor.fixing.showing import shown, summary
from reef.doctor.fixing.syntax import require
from reef.doctor.running import cores
from reef.errors import ReefError
from reef.words import headline


def fix_and_say(asked: Asked, fix: bool, diff: bool, as_json: bool, others: Mapping[str, object]) -> int:
    """The exit status. `others`: options that go with a report alone."""
    _check(asked, fix, others)
    require()
    from reef.doctor.fixing.fixing import fix as fixed

    fleet = read_fleet(asked)
    report, _ = diagnose(asked, fleet)
    top = os.path.realpath(report.top)
    cured = fixed(
        fleet.locations,
        report.diagnoses,
        os.environ,
        top,
        write=not diff,
        tell=lambda line: click.echo(line, err=True),
        timeout_s=wishes_of(asked, fleet.doctor).timeout_s,
        jobs=asked.jobs or cores(),
    )
    _say(cured, report.fleet, top, diff, as_json)
    for one in report.diagnoses:
        if one.trouble:
            why = headline(one.trouble[0].message)
            click.echo(f"{one.location}: does not load, so nothing can be proved of it: {why}", err=True)
    sys.stdout.flush()
    return _status(cured)


def _check(asked: Asked, fix: bool, others: Mapping[str, object]) -> None:
    if not fix:
        raise ReefError("--diff goes with --fix", hint="reef doctor --fix --diff")
    reports = {"--check": asked.check, "--since": asked.since, "--ticks": asked.ticks}
    others = {**others, **reports, "--variables": asked.variables}
    wrong = [name for name, value in others.items() if value]
    if wrong:
        raise ReefError(
            f"--fix takes no {' or '.join(wrong)}", hint="run `reef doctor` once more for a report"
        )


def _say(cured: Cured, fleet: str, top: str, diff: bool, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"fleet": fleet, "top": top, **msgspec.to_builtins(cured)}))
    elif diff:
        click.echo(cured.diff.encode("utf-8", "surrogateescape"), nl=False)
        click.echo(_left(cured, top), err=True)
    else:
        click.echo(shown(cured, top))


def _left(cured: Cured, top: str) -> str:
    """What is in no diff: the imports that stay, with the reasons."""
    left = tuple(one for one in cured.outcomes if one.status != "planned")
    lines = shown(Cured(outcomes=left), top).splitlines()[:-1]
    unproved = "; not proved yet, which --fix alone does" if len(left) < len(cured.outcomes) else ""
    return "\n".join([*lines, f"{summary(cured)}{unproved}"])


def _status(cured: Cured) -> int:
    return 1 if any(one.status in ("undone", "planned") for one in cured.outcomes) else 0
