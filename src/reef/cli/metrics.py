"""`reef metrics`: what `/metrics` says, and the dashboards and alerts for it. Asks no host."""

from __future__ import annotations

import json

import click


@click.group("metrics")
def command() -> None:
    """What Reef tells Prometheus, and dashboards and alerts for it."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array, one object for each metric.")
def list_(as_json: bool) -> None:
    """List all metrics."""
    from reef.metrics.definitions import METRICS

    if as_json:
        click.echo(json.dumps([metric.plain() for metric in METRICS]))
        return
    for metric in METRICS:
        labels = f"{{{', '.join(metric.labels)}}}" if metric.labels else ""
        click.echo(f"{metric.name}{labels}\n    {metric.kind}: {metric.help}")


@command.command("dashboard")
@click.argument("name", type=click.Choice(["fleet", "location", "cluster"]), default="fleet")
def dashboard(name: str) -> None:
    """Print a dashboard as the JSON that Grafana imports: of the fleet, a location, or what only Kubernetes has."""
    from reef.metrics.grafana import dashboards, grafana_json

    click.echo(json.dumps(grafana_json(dashboards()[name]), indent=1))


@command.command("rules")
@click.option("--json", "as_json", is_flag=True, help="Print the same as JSON.")
def rules(as_json: bool) -> None:
    """Print recording and alert rules for the `rule_files` of Prometheus."""
    from reef.metrics.rules import rules, rules_text

    click.echo(json.dumps(rules()) if as_json else rules_text(), nl=as_json)
