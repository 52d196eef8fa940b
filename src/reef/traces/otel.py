"""Spans of OpenTelemetry: of a call, and below it of its wake, the start of a server, and the call to that server."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from reef import __version__, events
from reef.gateway.call import Call
from reef.gateway.status import Ended, Metadata

NOT_TRACED = ("answered", "recorded")  # lanes: polls, hundreds a second, that wake nobody


class OtelTraces:
    """Implements `gateway.tracing.Traces`. The call that is under way is OpenTelemetry's current span of the task. A
    task that is spawned for it inherits that: so the start of a server belongs to the call that asked for it first."""

    def __init__(self, role: str, exporter: SpanExporter | None = None) -> None:
        resource = Resource.create({"service.name": f"reef-{role}", "service.version": __version__})
        self._provider = TracerProvider(resource=resource)
        self._provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("reef", __version__)
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def call(self, call: Call) -> Iterator[None]:
        if call.rpc.awake in NOT_TRACED:
            yield
            return
        carried = {key: value for key, value in call.metadata() if isinstance(value, str)}
        attributes = {
            "rpc.system": "grpc",
            "rpc.service": call.rpc.service,
            "rpc.method": call.method,
            "reef.location": call.location,
        }
        with self._tracer.start_as_current_span(
            call.method,
            context=self._propagator.extract(carried),
            kind=SpanKind.SERVER,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except BaseException as error:
                span.set_status(Status(StatusCode.ERROR, _why(error)))
                raise
            finally:
                span.set_attribute("reef.lane", call.lane or call.rpc.asleep)
                span.set_attribute("reef.version", call.version or "")
                if call.failed_tick is not None:
                    span.set_status(Status(StatusCode.ERROR, call.failed_tick.text))

    @contextmanager
    def step(self, name: str, attributes: Mapping[str, str]) -> Iterator[None]:
        """Nothing of its own where the call is not traced."""
        if not trace.get_current_span().is_recording():
            yield
            return
        with self._tracer.start_as_current_span(
            name,
            kind=SpanKind.CLIENT if name == "server" else SpanKind.INTERNAL,
            attributes=dict(attributes),
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except BaseException as error:
                span.set_status(Status(StatusCode.ERROR, _why(error)))
                raise

    def headers(self) -> Metadata:
        carried: dict[str, str] = {}
        self._propagator.inject(carried)
        return tuple(carried.items())

    def hear(self, event: events.Event) -> None:
        """Woken and WakeFailed are told in the task of the wake: its span is the one that waits for it."""
        match event:
            case events.Woken(name, child, seconds, kept):
                attributes: dict[str, str | int | bool] = {
                    "reef.location": name,
                    "reef.version": child.version,
                    "process.pid": child.pid,
                    "reef.forked": child.forked,
                    "reef.kept": kept,
                }
                self._over("start", seconds, attributes)
            case events.WakeFailed(_, reason):
                trace.get_current_span().add_event("wake failed", {"reason": reason})

    def _over(self, name: str, seconds: float, attributes: Mapping[str, str | int | bool]) -> None:
        """A span of what has just ended."""
        if not trace.get_current_span().is_recording():
            return
        now = time.time_ns()
        span = self._tracer.start_span(name, start_time=now - int(seconds * 1e9), attributes=dict(attributes))
        span.end(now)

    def close(self) -> None:
        """Sends what is left, for some seconds at most. Blocks."""
        self._provider.shutdown()


def _why(error: BaseException) -> str:
    return f"{error.code.name}: {error.details}" if isinstance(error, Ended) else type(error).__name__
