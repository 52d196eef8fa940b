"""The process that the chart starts: kubelet is answered at once, and it is ready once it has seen the namespace."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from asking import ready_for_locations

from deadlines import scaled, until
from lab.apiserver import ApiServer

pytestmark = pytest.mark.timeout(300)
RUN = (
    "import asyncio, sys; from reef.viewing.run import run; from reef.viewing.settings import ViewSettings; "
    "asyncio.run(run(ViewSettings(sys.argv[1], port=0, health_port=int(sys.argv[2]))))"
)


def asked(port: int, path: str) -> tuple[int, str]:
    """0 where nobody listens."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=scaled(10)) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def test_it_is_ready_and_ends_at_sigterm(api_server: ApiServer, kube_namespace: str, tmp_path: Path) -> None:
    ready_for_locations(api_server)
    with socket.socket() as found:
        found.bind(("", 0))
        port = found.getsockname()[1]
    environ = {**os.environ, "KUBECONFIG": str(api_server.kubeconfig)}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, kube_namespace, str(port)], env=environ, stdout=log, stderr=log
        )
    try:
        until(lambda: asked(port, "/livez")[0] == 200, 60, "for an answer to kubelet")
        until(lambda: asked(port, "/readyz")[0] == 200, 60, "for the page")
        assert 'role="page"' in asked(port, "/metrics")[1]
        process.send_signal(signal.SIGTERM)
        assert process.wait(scaled(30)) == 0, (tmp_path / "log").read_text()
        assert "Traceback" not in (tmp_path / "log").read_text()
    finally:
        process.kill()
        process.wait()
