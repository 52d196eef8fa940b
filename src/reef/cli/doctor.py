"""`reef doctor [LOCATION]...`: what makes code locations heavy, by which line, and what to do about it."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import click

from reef.cli.cluster.options import cluster_options, is_remote
from reef.errors import ReefError
from reef.words import fault

STDOUT = "-"


@click.command(name="doctor")
@click.argument("locations", metavar="[LOCATION]...", nargs=-1)
@click.option(
    "-f",
    "--fleet",
    "path",
    metavar="PATH",
    help="A reef.yaml, a workspace.yaml, a Dagster project or dg workspace, or their folder [default: this folder].",
)
@click.option("--python", help="Interpreter of locations that name none.")
@click.option("--check", is_flag=True, help="Exit with status 1 where a location is over its budget.")
@click.option(
    "--since",
    metavar="GIT_REV",
    help="Show only what got heavier since a git revision; with --in-cluster, since an image or a version.",
)
@click.option(
    "--in-cluster",
    is_flag=True,
    help="Examine the CodeLocations of a namespace, each in a pod with its image.",
)
@click.option("--image", help="With --in-cluster: the image to examine in place of what the location names.")
@cluster_options
@click.option("--memory", metavar="SIZE", help="Least memory of a finding, such as 20Mi [default: 5Mi].")
@click.option("--time", "time_", metavar="SPAN", help="Least time of a finding, such as 1s [default: 250ms].")
@click.option(
    "--timeout", metavar="SPAN", help="How long one load may take [default: load_timeout, else 3m]."
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    help="How many locations at once [default: one a core; with --in-cluster 4].",
)
@click.option(
    "--ticks", is_flag=True, help="Evaluate each sensor and schedule once too, which runs their code."
)
@click.option(
    "--variables",
    is_flag=True,
    help="Load with other values of variables that are read at module level, to see what they decide.",
)
@click.option(
    "--full", is_flag=True, help="Show the cure of each finding, and who else brings what it brings."
)
@click.option(
    "--fix", is_flag=True, help="Move imports into the functions that use them, where that proves itself."
)
@click.option("--diff", is_flag=True, help="With --fix: print what would change, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--sarif", metavar="FILE", help="Write SARIF 2.1.0 for code scanning; - for standard output.")
@click.option("--html", metavar="FILE", help="Write a page with flame graphs; - for standard output.")
def command(
    locations: tuple[str, ...],
    path: str | None,
    python: str | None,
    check: bool,
    since: str | None,
    in_cluster: bool,
    image: str | None,
    context: str | None,
    namespace: str | None,
    memory: str | None,
    time_: str | None,
    timeout: str | None,
    jobs: int | None,
    ticks: bool,
    variables: bool,
    full: bool,
    fix: bool,
    diff: bool,
    as_json: bool,
    sarif: str | None,
    html: str | None,
) -> None:
    """Load each location in a process of its own and show which statements make it heavy.

    No host need run. Code of the locations runs, as when a server loads it. With --check, exit status 1: over budget.
    With --fix, exit status 1: a move was undone, or with --diff, there is something to move.
    """
    from reef.cli.doctor_run import Asked, diagnose, read_fleet

    check_place(in_cluster, context, namespace, image=image, python=python, fix=fix, diff=diff)
    if sum([as_json, sarif == STDOUT, html == STDOUT]) > 1:
        raise ReefError(
            "--json, --sarif - and --html - all want standard output", hint="name a file for all but one"
        )
    asked = Asked(locations, path, python, check, since, memory, time_, timeout, jobs, ticks, variables)
    if fix or diff:
        from reef.cli.doctor_fix import fix_and_say

        sys.exit(fix_and_say(asked, fix, diff, as_json, {"--sarif": sarif, "--html": html, "--full": full}))
    if in_cluster:
        from reef.cli.cluster.doctor import There, diagnose_there

        report, flames = diagnose_there(asked, There(context, namespace, image))
    else:
        report, flames = diagnose(asked, read_fleet(asked))
    shown = _write(report, flames, as_json, sarif, html)
    if not shown:
        from reef.doctor.table import rendered

        click.echo(rendered(report, full))
    sys.stdout.flush()
    if check and report.over_budget:
        sys.exit(1)


def check_place(
    in_cluster: bool, context: str | None, namespace: str | None, *, image: str | None, **here: object
) -> None:
    """Raises ReefError for options that do not go together. `here`: those that mean something on this machine alone."""
    if in_cluster:
        is_remote(context, namespace)
        found = [f"--{name}" for name, value in here.items() if value]
        if found:
            raise ReefError(
                f"`reef doctor --in-cluster` takes no {', '.join(found)}",
                hint="the code is in the locations' images, with the interpreter that they have",
            )
    elif image is not None or is_remote(context, namespace):
        raise ReefError(
            "`reef doctor` takes --context, --namespace and --image only with --in-cluster",
            hint="without it, the code of this machine is examined",
        )


def _write(report: Any, flames: Any, as_json: bool, sarif: str | None, html: str | None) -> bool:
    """Whether something took standard output."""
    if as_json:
        from reef.doctor.report import as_plain

        click.echo(json.dumps(as_plain(report)))
    if sarif:
        from reef.doctor.sarif import sarif_of

        _to(sarif, json.dumps(sarif_of(report), indent=1))
    if html:
        from reef.doctor.page import page_of

        _to(html, page_of(report, flames))
    return as_json or STDOUT in (sarif, html)


def _to(file: str, text: str) -> None:
    if file == STDOUT:
        click.echo(text)
        return
    try:
        with open(file, "w", encoding="utf-8") as out:
            out.write(text)
    except OSError as error:
        folder = os.path.dirname(os.path.abspath(file))
        raise ReefError(
            f"{file} cannot be written: {fault(error)}", hint=f"is {folder} there, and yours?"
        ) from None
