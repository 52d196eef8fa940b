"""The dashboard of one code location."""

from __future__ import annotations

from reef.metrics import of_locations as loc
from reef.metrics.metric import Metric
from reef.metrics.panels import Dashboard, Panel, Query, Row, Variable, areas, figure, lines
from reef.metrics.promql import quantile, rate, select, summed

ONE = 'location="$location"'


def _sum(metric: Metric, *by: str) -> str:
    return summed(select(metric, ONE), *by)


def _max(metric: Metric, *by: str) -> str:
    return summed(select(metric, ONE), *by, how="max")


def _hourly(metric: Metric, *by: str) -> str:
    """For what happens seldom."""
    return rate(metric, ONE, *by, window="1h")


def _now() -> Row:
    assets = summed(select(loc.DEFINITIONS, f'kind="assets",{ONE}'), how="max")
    info = Query(_max(loc.INFO, "owner", "placement", "version"))
    return Row(
        "Now",
        (
            Panel("What is served", "table", (info,), about=loc.INFO.help, width=6, height=4),
            figure("Loads", f"1 - {_max(loc.LOAD_FAILED)}", about=loc.LOAD_FAILED.help, width=3),
            figure("Memory", _sum(loc.PSS), "bytes", loc.PSS.help, 3),
            figure("Recorded answers", _max(loc.SNAPSHOT_BYTES), "bytes", loc.SNAPSHOT_BYTES.help, 3),
            figure("Their age", f"time() - {_max(loc.RECORDED_AT)}", "s", loc.RECORDED_AT.help, 3),
            figure("Assets", assets, about=loc.DEFINITIONS.help, width=3),
            figure("Last wake", f"1000 * {_max(loc.WOKEN_AT)}", "dateTimeFromNow", loc.WOKEN_AT.help, 3),
        ),
    )


def _server() -> Row:
    cold = tuple((f"p{share}", quantile(share / 100, loc.COLD_START, ONE, window="1h")) for share in (50, 95))
    memory = (
        ("private", _sum(loc.PRIVATE)),
        ("shared", _sum(loc.SHARED)),
        ("limit", _max(loc.LIMIT)),
        ("a server of its own (estimate)", _max(loc.STANDING)),
    )
    trouble = (
        ("crash ({{cause}})", _hourly(loc.CRASHES, "cause")),
        ("wake failed", _hourly(loc.WAKE_FAILURES)),
        ("over its limit", _hourly(loc.OVER_LIMIT)),
    )
    runs = (("live", _sum(loc.LIVE_RUNS)), ("draining servers", _sum(loc.DRAINING)))
    time = ("{{state}}", _hourly(loc.STATE_SECONDS, "state"))
    wakes = ("{{reason}}", _hourly(loc.WAKES, "reason"))
    return Row(
        "Its server",
        (
            areas("State", ("{{state}}", _max(loc.STATE, "state")), about=loc.STATE.help),
            lines("Memory", *memory, unit="bytes", about=loc.PSS.help),
            lines("Processor", ("cores", rate(loc.CPU, ONE)), unit="none", about=loc.CPU.help),
            areas("Wakes by what asked", wakes, unit="ops", about=loc.WAKES.help),
            lines("Cold starts", *cold, unit="s", about=loc.COLD_START.help),
            areas("Where its time goes", time, unit="percentunit", about=loc.STATE_SECONDS.help),
            lines("Crashes, failed wakes, memory limit", *trouble, unit="ops"),
            lines("Runs", *runs, about=loc.LIVE_RUNS.help),
        ),
    )


def _calls() -> Row:
    latency = tuple(
        (f"p{share} {{{{lane}}}}", quantile(share / 100, loc.CALL_SECONDS, ONE, "lane")) for share in (50, 95)
    )
    waiting = (
        ("in flight", _sum(loc.IN_FLIGHT)),
        ("queued", _sum(loc.QUEUED)),
        ("held for a wake", _sum(loc.HELD)),
    )
    by_rpc = ("{{method}}", rate(loc.CALLS, ONE, "method"))
    by_outcome = ("{{lane}} {{outcome}}", rate(loc.CALLS, ONE, "lane", "outcome"))
    ticks = ("{{kind}} {{outcome}}", rate(loc.TICKS, ONE, "kind", "outcome"))
    versions = (("loaded: {{outcome}}", _hourly(loc.PROBES, "outcome")), ("served", _hourly(loc.PROMOTIONS)))
    return Row(
        "Its calls and versions",
        (
            areas("Calls by RPC", by_rpc, unit="reqps", about=loc.CALLS.help),
            lines("Calls by lane and outcome", by_outcome, unit="reqps", about=loc.CALLS.help),
            lines("Latency", *latency, unit="s", about=loc.CALL_SECONDS.help),
            lines("In flight, queued, held", *waiting),
            lines("Ticks", ticks, unit="ops", about=loc.TICKS.help),
            lines("Versions", *versions, unit="ops", about=loc.PROBES.help),
        ),
    )


def location_board() -> Dashboard:
    about = "One code location: its server, its calls, its versions."
    variables = (Variable("location", loc.STATE.name, "location", many=False),)
    return Dashboard("reef-location", "Reef: code location", about, variables, (_now(), _server(), _calls()))
