"""What tests of any folder may ask for; `tests/conftest.py` makes them known."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from lab.apiserver import ApiServer, assets

NO_API_SERVER = (
    "no Kubernetes API server: build one with `make cluster-programs` (once, some minutes), or set "
    "KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and kubectl"
)


@pytest.fixture(scope="session")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """etcd and kube-apiserver for all tests of this process: a test makes a namespace of its own in it.

    Skips where there are no such programs.
    """
    found = assets()
    if found is None:
        pytest.skip(NO_API_SERVER)
    server = ApiServer(tmp_path_factory.mktemp("api-server"), found)
    yield server
    server.stop()


@pytest.fixture
def kube_namespace(api_server: ApiServer) -> str:
    """The name of a new namespace in it. It stays: nothing there would remove it."""
    name = f"test-{secrets.token_hex(4)}"
    api_server.kubectl("create", "namespace", name)
    return name
