"""The `reef` command: a group with one verb a file, loaded only when it is used."""

from __future__ import annotations

import importlib
import os
import sys

import click

from reef import __version__
from reef.errors import ReefError
from reef.words import describe

VERBS = {
    "up": "reef.cli.up",
    "serve": "reef.cli.serve",
    "status": "reef.cli.status",
    "top": "reef.cli.top",
    "usage": "reef.cli.usage",
    "logs": "reef.cli.logs",
    "wake": "reef.cli.wake",
    "sleep": "reef.cli.sleep",
    "reload": "reef.cli.reload",
    "exec": "reef.cli.exec_",
    "diff": "reef.cli.diff",
    "cutover": "reef.cli.cutover",
    "support-bundle": "reef.cli.support_bundle",
    "plan": "reef.cli.plan",
    "doctor": "reef.cli.doctor",
    "deploy": "reef.cli.deploy",
    "history": "reef.cli.history",
    "rollback": "reef.cli.rollback",
    "init": "reef.cli.init",
    "render": "reef.cli.render",
    "import": "reef.cli.import_",
    "export": "reef.cli.export",
    "metrics": "reef.cli.metrics",
    "schema": "reef.cli.schema",
    "demo": "reef.cli.demo",
    "controller": "reef.cli.controller",
    "gateway": "reef.cli.gateway",
    "pack-host": "reef.cli.pack_host",
    "page": "reef.cli.page",
    "guest-copy": "reef.cli.guest_copy",
    "doctor-pod": "reef.cli.doctor_pod",
    "service-gate": "reef.cli.service_gate",
}


class LazyGroup(click.Group):
    """A verb's module is imported when the verb is used: `reef status` must not pay for the host."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command = importlib.import_module(VERBS[cmd_name]).command
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="reef")
def group() -> None:
    """Run hundreds of Dagster code locations, each in a process of its own, for the memory of one."""


def main() -> None:
    """Entry point: a user's mistake ends in one clear message and exit status 2, never in a traceback."""
    try:
        group.main(standalone_mode=False)
    except ReefError as error:
        click.echo(f"error: {describe(error)}", err=True)
        sys.exit(error.exit_code)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)


if __name__ == "__main__":
    main()
