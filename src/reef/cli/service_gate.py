"""`reef service-gate`: takes the calls of shared services on a cluster, and wakes them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click

from reef.kube.objects.service_gate import FILE

PATH = click.Path(path_type=Path)


@click.command(name="service-gate", hidden=True)
@click.option("--config", type=PATH, default=FILE, help="The services, as a ConfigMap mounts them.")
@click.option("--namespace", envvar="REEF_NAMESPACE", required=True, help="Where their Deployments are.")
def command(config: Path, namespace: str) -> None:
    """Take calls of shared services, and scale their Deployments between 0 and what they need.

    At SIGTERM, calls under way have 20 seconds to end.
    """
    from reef.logs import write_to_stderr
    from reef.services.gate import read_gate, run_gate

    write_to_stderr(os.environ)
    asyncio.run(run_gate(read_gate(config), namespace))
