"""Who is asked next is told of the trace: the call to the server is what its own spans are below."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import grpc.aio
import pytest
from fronting import FakeControl, endpoint, fake_server, fronted
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from deadlines import scaled
from reef.traces.otel import OtelTraces

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.mark.parametrize("came", [TRACEPARENT, "nonsense", None])
def test_the_server_is_told_of_the_call_to_it(tmp_path: Path, came: str | None) -> None:
    seen: list[tuple[str, str | bytes]] = []
    spans = InMemorySpanExporter()

    async def answer(_request: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        seen.extend((key, value) for key, value in context.invocation_metadata() or ())
        return b""

    async def main() -> None:
        traces = OtelTraces("host", spans)
        async with (
            fake_server(tmp_path, answer) as target,
            fronted(tmp_path, FakeControl(woken=endpoint(target)), traces=traces) as front,
            grpc.aio.insecure_channel(front.target) as channel,
        ):
            ask = channel.unary_unary("/api.DagsterApi/ExternalNotebookData")
            metadata = (("x-team", "a"), *([("traceparent", came)] if came else []))
            await ask(b"", metadata=metadata, timeout=scaled(20))
        traces.close()

    asyncio.run(main())
    found = {span.name: span for span in spans.get_finished_spans()}
    assert set(found) == {"ExternalNotebookData", "wake", "server"}
    server = found["server"].get_span_context()
    assert server is not None
    (told,) = [str(value) for key, value in seen if key == "traceparent"]
    assert told.startswith(f"00-{server.trace_id:032x}-{server.span_id:016x}-")
    assert (f"{server.trace_id:032x}" == TRACE) == (came == TRACEPARENT)
    assert ("x-team", "a") in seen
