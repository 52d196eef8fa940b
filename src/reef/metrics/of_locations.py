"""The metrics of a code location."""

from __future__ import annotations

from reef.metrics.metric import Kind, Metric, Role

COLD_STARTS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
LATENCY = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0, 60.0)

_SERVES: tuple[Role, ...] = ("host", "pack")
_ANSWERS: tuple[Role, ...] = ("host", "gateway")
_DECIDES: tuple[Role, ...] = ("host", "controller")

STATES = ("unprobed", "loading", "asleep", "waking", "warm", "draining", "failed")


def of(
    name: str,
    kind: Kind,
    unit: str,
    text: str,
    roles: tuple[Role, ...],
    *by: str,
    buckets: tuple[float, ...] = (),
) -> Metric:
    return Metric(f"reef_location_{name}", kind, unit, text, by, roles, True, buckets)


# -- what it is ---------------------------------------------------------------------------------

INFO = of("info", "info", "", "What is served of the location: 1.", _DECIDES, "placement", "version")
STATE = of(
    "state",
    "gauge",
    "",
    "1 for the state that the location is in, 0 for the others. Asleep is not an error.",
    (*_SERVES, "controller"),
    "state",
)
STATE_SECONDS = of(
    "state_seconds_total",
    "counter",
    "seconds",
    "Time in each state since this process knows the location; `asleep` is what sleep saved.",
    _SERVES,
    "state",
)
LOAD_FAILED = of(
    "load_failed",
    "gauge",
    "",
    "1 while the location's newest code does not load, whether an older version is served or not.",
    _DECIDES,
)
DEFINITIONS = of("definitions", "gauge", "", "Definitions that are served, by kind.", ("host",), "kind")
PINNED = of("pinned", "gauge", "", "1 while the location is kept at one version.", _DECIDES)

# -- memory and processor -----------------------------------------------------------------------

PRIVATE = of(
    "memory_private_bytes",
    "gauge",
    "bytes",
    "Memory of the server that its sleep would give back; 0 while there is no server.",
    _SERVES,
)
SHARED = of(
    "memory_shared_bytes",
    "gauge",
    "bytes",
    "The location's part of what its server shares with its zygote and others.",
    _SERVES,
)
PSS = of(
    "memory_pss_bytes", "gauge", "bytes", "Private memory and the part of what is shared, together.", _SERVES
)
RESIDENT = of(
    "memory_resident_bytes",
    "gauge",
    "bytes",
    "All that the server has in memory, whoever shares it: what a container of its own would have.",
    _SERVES,
)
PEAK = of(
    "memory_peak_bytes",
    "gauge",
    "bytes",
    "The most that the server ever had in memory, as the kernel remembers it.",
    ("pack",),
)
LIMIT = of(
    "memory_limit_bytes",
    "gauge",
    "bytes",
    "Private memory at which the server is ended, where one is set.",
    _SERVES,
)
STANDING = of(
    "memory_standing_bytes",
    "gauge",
    "bytes",
    "Estimate of what a server of its own, always up, would take on this machine; once it was measured.",
    ("host",),
)
CPU = of(
    "cpu_seconds_total",
    "counter",
    "seconds",
    "Processor time of the location's servers, without the runs that they start.",
    _SERVES,
)
# -- wakes, sleeps, what goes wrong ----------------------------------------------------------------

WAKES = of(
    "wakes_total",
    "counter",
    "",
    "Servers started, by what asked: the RPC that was held, `standing`, `new_version` or `command`.",
    ("host", "pack", "gateway"),
    "reason",
)
WAKE_FAILURES = of("wake_failures_total", "counter", "", "Wakes after which no server answered.", _SERVES)
COLD_START = of(
    "cold_start_seconds",
    "histogram",
    "seconds",
    "From the start of a server until it answers. The first held call waits that long.",
    ("host", "pack", "gateway"),
    buckets=COLD_STARTS,
)
WOKEN_AT = of("woken_timestamp_seconds", "gauge", "seconds", "Unix time of the last wake.", _SERVES)
SLEEPS = of(
    "sleeps_total",
    "counter",
    "",
    "Servers ended because nobody needed them, by why: `idle`, `memory_budget`, `asked`.",
    _SERVES,
    "reason",
)
CRASHES = of(
    "crashes_total",
    "counter",
    "",
    "Servers that ended without being asked to, by how: `signal`, `exit`, `unknown`.",
    _SERVES,
    "cause",
)
OVER_LIMIT = of(
    "memory_limit_exceeded_total", "counter", "", "Servers ended because of their own memory limit.", _SERVES
)
CONNECTIONS_REFUSED = of(
    "unreachable_total",
    "counter",
    "",
    "Times that a server took no connections, or did not say who it is.",
    _SERVES,
)
LIVE_RUNS = of("live_runs", "gauge", "", "Runs that its servers hold.", _SERVES)
DRAINING = of(
    "draining_servers", "gauge", "", "Servers that end once their calls and runs are over.", _SERVES
)

# -- calls ----------------------------------------------------------------------------------------

CALLS = of(
    "calls_total",
    "counter",
    "",
    "Calls of Dagster that ended, by RPC, lane and gRPC status.",
    _ANSWERS,
    "method",
    "lane",
    "outcome",
)
CALL_SECONDS = of(
    "call_duration_seconds",
    "histogram",
    "seconds",
    "From a call's arrival to its end, time held for a wake included, by lane.",
    _ANSWERS,
    "lane",
    buckets=LATENCY,
)
IN_FLIGHT = of(
    "calls_in_flight", "gauge", "", "Forwarded calls that are held, queued or under way.", _ANSWERS
)
QUEUED = of(
    "calls_queued",
    "gauge",
    "",
    "Of those in flight, the ones beyond what the location gets at once.",
    _ANSWERS,
)
HELD = of("calls_held", "gauge", "", "Calls that wait for a server to be there.", _ANSWERS)
TICKS = of(
    "ticks_total",
    "counter",
    "",
    "Evaluations of schedules and sensors, by kind and outcome: `ok`, `failed`.",
    _ANSWERS,
    "kind",
    "outcome",
)

# -- versions and snapshots -------------------------------------------------------------------------

PROBES = of(
    "probes_total", "counter", "", "Versions loaded beside what is served, by outcome: `ok`, `load_error`.",
    ("host",), "outcome",
)  # fmt: skip
PROMOTIONS = of("promotions_total", "counter", "", "New versions served.", ("host",))
REFUSALS = of("refusals_total", "counter", "", "New versions that were not served.", ("host",))
SNAPSHOT_BYTES = of(
    "snapshot_bytes", "gauge", "bytes", "Size of the recorded answers of what is served.", ("host", "gateway")
)
RECORDED_AT = of(
    "snapshot_timestamp_seconds",
    "gauge",
    "seconds",
    "Unix time since when the recorded answers are known to be what is served; its age is `time()` less that.",
    _DECIDES,
)
REVALIDATE = of(
    "snapshot_revalidate_seconds",
    "gauge",
    "seconds",
    "How often the recorded answers are to be looked at again, where the location says so.",
    ("host",),
)
