"""The API server with the resource of Reef."""

from __future__ import annotations

import pytest
from asking import ready_for_locations

from lab.apiserver import ApiServer


@pytest.fixture(scope="session")
def locations_server(api_server: ApiServer) -> ApiServer:
    ready_for_locations(api_server)
    return api_server
