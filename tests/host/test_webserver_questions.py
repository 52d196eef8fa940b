"""What Reef makes of a webserver that answers otherwise. A small server stands for the proxies that people put before
Dagster's own, which has no authentication: the real one is in the tests of changing fleets."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from reef.beside.webserver import Webserver, WebserverRefused, WebserverUnreachable

SECRET = {"Authorization": "Bearer abc"}


class Proxy(ThreadingHTTPServer):
    status, body, location = 200, b"{}", ""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.asked: list[tuple[str, str | None]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answering(BaseHTTPRequestHandler):
    server: Proxy

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, self.headers["Authorization"]))
        self.send_response(self.server.status)
        self.send_header("Location", self.server.location)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy() as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.02,))
        serving.start()
        yield server
        server.shutdown()
        serving.join()


def ask(proxy: Proxy) -> None:
    asyncio.run(Webserver(proxy.url, SECRET).reload_workspace())


def test_the_header_goes_to_the_address_that_was_given(proxy: Proxy) -> None:
    proxy.body = b'{"data": {"reloadWorkspace": {"__typename": "Workspace"}}}'
    ask(proxy)
    assert proxy.asked == [("/graphql", "Bearer abc")]


@pytest.mark.parametrize("status", [401, 403])
def test_one_that_wants_to_know_who_asks(proxy: Proxy, status: int) -> None:
    proxy.status = status
    with pytest.raises(WebserverRefused, match=f"who asks \\(HTTP {status}\\)"):
        ask(proxy)


def test_a_secret_does_not_follow_a_redirect(proxy: Proxy) -> None:
    proxy.status, proxy.location = 302, f"{proxy.url}/elsewhere"
    with pytest.raises(WebserverUnreachable, match="HTTP 302"):
        ask(proxy)
    assert proxy.asked == [("/graphql", "Bearer abc")]


@pytest.mark.parametrize(("status", "body"), [(500, b""), (200, b"<html>"), (200, b"[]"), (200, b"{}")])
def test_one_that_answers_something_else(proxy: Proxy, status: int, body: bytes) -> None:
    proxy.status, proxy.body = status, body
    with pytest.raises(WebserverUnreachable) as told:
        ask(proxy)
    assert "abc" not in str(told.value)


def test_nobody_there(proxy: Proxy) -> None:
    nowhere = Webserver("http://127.0.0.1:9", SECRET)
    with pytest.raises(WebserverUnreachable):
        asyncio.run(nowhere.shown())


def test_which_server_ids_it_shows(proxy: Proxy) -> None:
    """Newer Dagsters wrap the server id in a list; of what did not load there is the time."""
    keys = {"newer": '["reef-1", null]', "older": "reef-2", "failed": "1764300000.5"}
    entries = [{"name": name, "loadStatus": "LOADED", "versionKey": key} for name, key in keys.items()]
    entries.append({"name": "loading", "loadStatus": "LOADING", "versionKey": "reef-3"})
    proxy.body = json.dumps({"data": {"locationStatusesOrError": {"entries": entries}}}).encode()
    assert asyncio.run(Webserver(proxy.url).shown()) == {"newer": "reef-1", "older": "reef-2"}
