"""Tests in a cluster with nodes: the lab's (`make test-cluster`), or the one that REEF_TEST_KUBECONFIG names."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from deadlines import until
from lab import needs
from lab.cluster import Cluster
from lab.kubectl import Kubectl

KUBECONFIG = "REEF_TEST_KUBECONFIG"


@pytest.fixture(scope="session")
def kubectl() -> Kubectl:
    """Against the cluster, as somebody who may do everything there."""
    kubeconfig = os.environ.get(KUBECONFIG)
    if kubeconfig is None:
        why = needs.lacking() or "`make test-cluster` brings one up"
        pytest.skip(f"no cluster: {why}; {KUBECONFIG} may name the kubeconfig of your own")
    if _is_the_labs(kubeconfig):
        return Cluster().kubectl
    program = shutil.which("kubectl")
    if program is None:
        pytest.skip(f"{KUBECONFIG} names a cluster, but there is no kubectl on PATH")
    return Kubectl(Path(program), Path(kubeconfig))


@pytest.fixture(scope="session")
def lab(kubectl: Kubectl) -> Cluster:
    """For what only the lab has: its machines, and a registry whose password is known."""
    if not _is_the_labs(os.environ[KUBECONFIG]):
        pytest.skip(f"needs the lab's own cluster: {KUBECONFIG} names another")
    return Cluster()


def _is_the_labs(kubeconfig: str) -> bool:
    return Path(kubeconfig).absolute() == Cluster().kubeconfig


@pytest.fixture
def namespace(kubectl: Kubectl) -> Iterator[str]:
    """A new one, with the strictest Pod Security; it is deleted afterwards with all that is in it."""
    name = f"reef-test-{secrets.token_hex(4)}"
    kubectl.make_namespace(name)
    account = ("-n", name, "get", "serviceaccount", "default", "--ignore-not-found", "-o", "name")
    until(lambda: kubectl(*account), 60, "for the account that pods of the namespace have")
    yield name
    kubectl("delete", "namespace", name, "--wait=false")
