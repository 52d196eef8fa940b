"""The metrics of one process of Reef, and of the fleet as a whole."""

from __future__ import annotations

from reef.metrics.metric import Kind, Metric, Role

LOADING = (0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0)
LAG = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)

_SERVES: tuple[Role, ...] = ("host", "pack")
_CLUSTER: tuple[Role, ...] = ("controller",)
_ALL: tuple[Role, ...] = ("host", "gateway", "pack", "controller", "page")

BASELINE_METHOD = "server_per_location_estimate"


def _host(
    name: str,
    kind: Kind,
    unit: str,
    text: str,
    roles: tuple[Role, ...],
    *by: str,
    buckets: tuple[float, ...] = (),
) -> Metric:
    return Metric(name, kind, unit, text, by, roles, False, buckets)


# -- the host -----------------------------------------------------------------------------------------------------

HOST_INFO = _host("reef_host_info", "info", "", "This process of Reef: 1.", _ALL, "version", "role", "python")
ZYGOTES = _host("reef_host_zygotes", "gauge", "", "Zygotes that stand.", _SERVES)
ZYGOTES_PSS = _host("reef_host_zygotes_pss_bytes", "gauge", "bytes", "Memory of all zygotes.", _SERVES)
ZYGOTES_BUILT = _host("reef_host_zygotes_built_total", "counter", "", "Zygotes that were built.", _SERVES)
PLAN_SECONDS = _host(
    "reef_host_zygote_plan_seconds",
    "gauge",
    "seconds",
    "How long the newest plan of zygotes took.",
    ("host",),
)
USED = _host(
    "reef_host_memory_used_bytes",
    "gauge",
    "bytes",
    "Reef's own process, its zygotes and all servers (PSS).",
    _SERVES,
)
BASELINE = _host(
    "reef_host_memory_baseline_bytes",
    "gauge",
    "bytes",
    "What the fleet would take without Reef. Method `server_per_location_estimate`: a server of "
    "its own for each location, as `standing_estimate_bytes` of `reef status --json`.",
    ("host",),
    "method",
)
SAVED = _host(
    "reef_host_memory_saved_bytes",
    "gauge",
    "bytes",
    "The baseline of that method less what is used.",
    ("host",),
    "method",
)
BUDGET = _host(
    "reef_host_memory_budget_bytes",
    "gauge",
    "bytes",
    "`memory_budget` of the fleet, where one is set.",
    ("host",),
)
EVICTIONS = _host(
    "reef_host_evictions_total", "counter", "", "Servers ended to keep the memory budget.", _SERVES
)
LOOP_LAG = _host(
    "reef_host_event_loop_lag_seconds",
    "histogram",
    "seconds",
    "How late a timer of the event loop was, once a second.",
    _ALL,
    buckets=LAG,
)
PROBE_SECONDS = _host(
    "reef_host_probe_seconds",
    "histogram",
    "seconds",
    "How long loading a version beside what is served took.",
    ("host",),
    buckets=LOADING,
)
DEPLOYS = _host(
    "reef_host_deploys_total",
    "counter",
    "",
    "Deploys that ended, by outcome: `finished`, `halted`, `abandoned`.",
    ("host",),
    "outcome",
)
FLEET_ERROR = _host(
    "reef_host_fleet_file_error", "gauge", "", "1 while the fleet's file cannot be taken as it is.", ("host",)
)
MACHINE_MEMORY = _host("reef_host_machine_memory_bytes", "gauge", "bytes", "Memory of the machine.", _SERVES)
MACHINE_AVAILABLE = _host(
    "reef_host_machine_memory_available_bytes",
    "gauge",
    "bytes",
    "What the kernel says is available of it.",
    _SERVES,
)
LEADS = _host("reef_controller_leads", "gauge", "", "1 for the controller that has the lease.", _CLUSTER)
LOOKS = _host(
    "reef_controller_looks_total",
    "counter",
    "",
    "Looks at the namespace, by outcome: `ok`, `failed`.",
    _CLUSTER,
    "outcome",
)
SCRAPE_SECONDS = _host(
    "reef_metrics_render_seconds", "gauge", "seconds", "How long the scrape before this one took.", _ALL
)
MERGED = _host(
    "reef_metrics_merged_total",
    "counter",
    "",
    "Observations counted under `other` because a location had too many combinations of labels.",
    _ALL,
)
PROCESS_CPU = _host(
    "process_cpu_seconds_total", "counter", "seconds", "Processor time of this process.", _ALL
)
PROCESS_RSS = _host(
    "process_resident_memory_bytes", "gauge", "bytes", "Resident memory of this process.", _ALL
)
PROCESS_PSS = _host(
    "reef_host_process_pss_bytes", "gauge", "bytes", "Proportional set size of this process.", _ALL
)
PROCESS_STARTED = _host(
    "process_start_time_seconds", "gauge", "seconds", "Unix time when this process was started.", _ALL
)
PROCESS_FDS = _host("process_open_fds", "gauge", "", "Open descriptors of this process.", _ALL)
