"""One call through gateway, wake and server is one trace, as a collector of OpenTelemetry receives it."""

from __future__ import annotations

import asyncio
import gzip
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import grpc.aio
import pytest
import yaml
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from reefs import Reef, write_location
from shared_hosts import Start

from deadlines import scaled, until


class Collector:
    """A real HTTP server that speaks OTLP; what it keeps are the spans."""

    def __init__(self) -> None:
        spans = self.spans = list[Span]()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    for scope in resource.scope_spans:
                        spans.extend(scope.spans)
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing in the terminal."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    found = Collector()
    yield found
    found.close()


@pytest.fixture(scope="module")
def reef(folder: Path, start: Start, collector: Collector) -> Reef:
    write_location(folder / "sales", "sales")
    write_location(folder / "broken", "broken", before="import no_such_package")
    names = {name: {"code": f"{name}/defs.py", "working_directory": name} for name in ("sales", "broken")}
    (folder / "reef.yaml").write_text(yaml.safe_dump({"locations": names}))
    env = {
        "REEF_TRACES": "otlp",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    return start("serve", folder / "reef.yaml", folder / "s", env=env).until_up()


TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def called(reef: Reef, name: str, method: str) -> None:
    """Whatever it answers."""
    workspace = yaml.safe_load((reef.state / "workspace.yaml").read_text())
    servers = {
        one["grpc_server"]["location_name"]: one["grpc_server"]["socket"] for one in workspace["load_from"]
    }

    async def call() -> None:
        async with grpc.aio.insecure_channel(f"unix:{servers[name]}") as channel:
            ask = channel.unary_unary(f"/api.DagsterApi/{method}")
            try:
                await ask(b"", timeout=scaled(60), metadata=(("traceparent", TRACEPARENT),))
            except grpc.RpcError:
                pass

    asyncio.run(call())


def test_a_call_that_wakes_is_one_trace(reef: Reef, collector: Collector) -> None:
    called(reef, "sales", "ExternalPartitionNames")
    until(lambda: collector.named("ExternalPartitionNames"), 30)
    (call,), (wake,) = collector.named("ExternalPartitionNames"), collector.named("wake")
    (start,), (server,) = collector.named("start"), collector.named("server")
    assert {span.trace_id.hex() for span in (call, wake, start, server)} == {TRACEPARENT.split("-")[1]}
    assert call.parent_span_id.hex() == TRACEPARENT.split("-")[2]
    assert wake.parent_span_id == server.parent_span_id == call.span_id
    assert start.parent_span_id == wake.span_id
    told = {one.key: one.value for one in start.attributes}
    assert told["process.pid"].int_value == reef.row("sales")["pid"]
    assert told["reef.location"].string_value == "sales"
    assert call.start_time_unix_nano <= start.start_time_unix_nano <= start.end_time_unix_nano
    assert wake.end_time_unix_nano <= server.start_time_unix_nano


def test_polls_are_not_traced(reef: Reef, collector: Collector) -> None:
    called(reef, "sales", "GetServerId")
    called(reef, "sales", "ListRepositories")
    called(reef, "sales", "ExternalNotebookData")
    until(lambda: collector.named("ExternalNotebookData"), 30)
    assert not collector.named("GetServerId")
    assert not collector.named("ListRepositories")


def test_a_wake_that_fails_says_so(reef: Reef, collector: Collector) -> None:
    called(reef, "broken", "ExternalPartitionNames")
    failed = until(
        lambda: [span for span in collector.named("ExternalPartitionNames") if span.status.code == 2], 30
    )
    assert "UNAVAILABLE" in failed[0].status.message


def test_what_is_left_is_sent_at_the_end(reef: Reef, collector: Collector) -> None:
    called(reef, "sales", "ExternalPartitionTags")
    assert reef.stop(20) >= 0
    assert reef.process.returncode == 0, reef.said()
    assert collector.named("ExternalPartitionTags")


def test_a_collector_that_is_away_is_a_line_of_the_log(folder: Path, start: Start) -> None:
    env = {
        "REEF_TRACES": "otlp",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
        "OTEL_BSP_SCHEDULE_DELAY": "50",
    }
    reef = start("serve", folder / "reef.yaml", folder / "away", env=env).until_up()
    called(reef, "sales", "ExternalPartitionNames")
    log = reef.state / "logs" / "reef.log"
    until(lambda: "opentelemetry" in log.read_text(), 60)
    reef.stop(30)
    assert "opentelemetry" not in reef.said()
    assert "Traceback" not in reef.said()


def test_another_way_is_refused(folder: Path, start: Start) -> None:
    reef = start("serve", folder / "reef.yaml", folder / "wrong", env={"REEF_TRACES": "jaeger"})
    assert reef.process.wait(scaled(60)) == 2
    assert "REEF_TRACES is 'jaeger': it must be one of none, otlp" in reef.said()
