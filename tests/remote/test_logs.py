"""Lines of containers. The API server is a stand-in that speaks HTTP and knows two logs: a real one needs a kubelet."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from reef.cli.cluster.logs import filtered
from reef.cluster.client import Client
from reef.cluster.connecting import connection
from reef.cluster.errors import NotFound
from reef.cluster.logs import log
from reef.remote.places import Place
from reef.remote.reaching import Remote

PIECES = [b"one\ntw", b"o\n", b"three"]
SHARED = [
    json.dumps({"location": name, "owner": None, "line": f"{name} {number}"}) + "\n"
    for number in range(3)
    for name in ("web", "other")
]


class Kubelet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self.asked.append(self.path)
        container = parse_qs(url.query)["container"][0]
        known = {"alone": PIECES, "shared": [each.encode() for each in SHARED]}
        if container not in known or url.path != "/api/v1/namespaces/data/pods/p/log":
            body = json.dumps({"kind": "Status", "message": "no such pod", "code": 404}).encode()
            self.send_response(404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in [*known[container], b""]:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))

    def log_message(self, format: str, *args: object) -> None:
        """Tests are silent."""


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Iterator[Path]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Kubelet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    context = {"name": "x", "context": {"cluster": "x", "user": "x", "namespace": "data"}}
    cluster = {"name": "x", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}
    path = tmp_path / "kubeconfig"
    path.write_text(
        yaml.safe_dump(
            {
                "clusters": [cluster],
                "contexts": [context],
                "users": [{"name": "x", "user": {}}],
                "current-context": "x",
            }
        )
    )
    yield path
    server.shutdown()
    thread.join()
    server.server_close()


def test_lines_come_whole(kubeconfig: Path) -> None:
    async def main() -> list[bytes]:
        client = Client(connection(kubeconfig=kubeconfig, environ={}))
        try:
            with pytest.raises(NotFound, match="no such pod"):
                async with log(client, "p", "nothing"):
                    pass
            async with log(client, "p", "alone", lines=7) as lines:
                return [line async for line in lines]
        finally:
            await client.close()

    assert asyncio.run(main()) == [b"one\n", b"two\n", b"three"]
    assert Kubelet.asked[-1].endswith("log?container=alone&tailLines=7")


def test_the_last_lines_of_one_among_others(kubeconfig: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def main() -> None:
        client = Client(connection(kubeconfig=kubeconfig, environ={}))
        try:
            place = Place("p", "shared", shared=True)
            await filtered(Remote(client, "data"), place, "web", follow=False, lines=2)
        finally:
            await client.close()

    asyncio.run(main())
    assert capsys.readouterr().out == "web 1\nweb 2\n"
