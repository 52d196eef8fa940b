"""`--context` and `--namespace`: with either of them a verb acts on a cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from reef.errors import ReefError

F = TypeVar("F", bound=Callable[..., Any])
_CONTEXT = "Act on a cluster: that context of kubeconfig (KUBECONFIG, else ~/.kube/config)."
_NAMESPACE = "Act on a cluster: that namespace [default: the context's]."


def cluster_options(function: F) -> F:
    """For a verb that acts on this machine without them."""
    return _with(function, _CONTEXT, _NAMESPACE)


def only_on_clusters(function: F) -> F:
    """For a verb that acts on a cluster in any case."""
    context = "Context of kubeconfig (KUBECONFIG, else ~/.kube/config) [default: its current one]."
    return _with(function, context, "Namespace [default: the context's].")


def _with(function: F, context: str, namespace: str) -> F:
    function = click.option("-n", "--namespace", metavar="NAME", help=namespace)(function)
    return click.option("--context", metavar="NAME", help=context)(function)


def is_remote(context: str | None, namespace: str | None) -> bool:
    """Whether a cluster is meant. Raises ReefError for an empty name."""
    for name, value in (("--context", context), ("--namespace", namespace)):
        if value == "":
            raise ReefError(f"{name} is empty", hint="leave it out for this machine, or give a name")
    return context is not None or namespace is not None


def only_on_a_cluster(verb: str, **given: object) -> None:
    """Raises ReefError for options that mean nothing on this machine."""
    found = [f"--{name.replace('_', '-')}" for name, value in given.items() if value is not None]
    if found:
        raise ReefError(
            f"`reef {verb}` on this machine takes no {', '.join(found)}",
            hint="it is for a cluster: say which with --context or --namespace",
        )


def not_on_a_cluster(verb: str, **given: object) -> None:
    """Raises ReefError for options that mean nothing there; names as click gives them."""
    found = [f"--{name.replace('_', '-')}" for name, value in given.items() if value]
    if found:
        raise ReefError(
            f"`reef {verb}` on a cluster takes no {', '.join(found)}",
            hint="leave it out, or leave --context and --namespace out for a host on this machine",
        )
