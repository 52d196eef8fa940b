"""OpenTelemetry traces of calls that wake somebody or are passed on (`REEF_TRACES`, extra `otel`).

Here belongs what knows OpenTelemetry; where spans begin and end, those say who do the work (`gateway.tracing`).
"""
