"""Namespaces in which tests play with `reef`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from played import Played, ready_for_locations

from lab.apiserver import ApiServer


@pytest.fixture(scope="session")
def cluster_of_locations(api_server: ApiServer) -> ApiServer:
    ready_for_locations(api_server)
    return api_server


@pytest.fixture
def played(cluster_of_locations: ApiServer, kube_namespace: str, tmp_path: Path) -> Iterator[Played]:
    found = Played(cluster_of_locations, kube_namespace, tmp_path)
    yield found
    found.end()
