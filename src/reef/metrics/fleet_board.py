"""The dashboard of the whole fleet."""

from __future__ import annotations

from reef.metrics import of_hosts as host
from reef.metrics import of_locations as loc
from reef.metrics.metric import Metric
from reef.metrics.panels import Dashboard, Row, Variable, areas, bars, figure, lines
from reef.metrics.promql import quantile, rate, select, summed

OWNER = 'owner=~"$owner"'


def _sum(metric: Metric, *by: str) -> str:
    return summed(select(metric, OWNER), *by)


def _rate(metric: Metric, *by: str, window: str = "$__rate_interval") -> str:
    return rate(metric, OWNER, *by, window=window)


def _glance() -> Row:
    number = summed(summed(select(loc.STATE, OWNER), "location", how="count"), how="count")
    failing = summed(summed(select(loc.LOAD_FAILED, OWNER), "namespace", "location", how="max"))
    asleep = rate(loc.STATE_SECONDS, f'state="asleep",{OWNER}', window="1h")
    share = f"({asleep} or vector(0)) / {_rate(loc.STATE_SECONDS, window='1h')}"
    return Row(
        "At a glance",
        (
            figure("Code locations", number),
            figure("Warm", summed(select(loc.STATE, f'state="warm",{OWNER}'))),
            figure("Do not load", failing, about=loc.LOAD_FAILED.help),
            figure("Memory used", summed(select(host.USED)), "bytes", host.USED.help),
            figure("Memory saved", summed(select(host.SAVED)), "bytes", host.SAVED.help),
            figure("Asleep, of all time", share, "percentunit", loc.STATE_SECONDS.help),
        ),
    )


def _memory() -> Row:
    used = ("used", summed(select(host.USED)))
    baseline = ("without Reef ({{method}})", summed(select(host.BASELINE), "method"))
    top_owners = ("{{owner}}", f"topk(10, {_sum(loc.PSS, 'owner')})")
    top_cpu = ("{{owner}}", f"topk(10, {_rate(loc.CPU, 'owner')})")
    available = ("{{instance}}", select(host.MACHINE_AVAILABLE))
    return Row(
        "Memory and processor",
        (
            areas("States", ("{{state}}", _sum(loc.STATE, "state")), about=loc.STATE.help),
            lines("Memory, beside what it would be", used, baseline, unit="bytes", about=host.BASELINE.help),
            areas("Memory by owner", top_owners, unit="bytes", about=loc.PSS.help),
            bars("Most memory", f"topk(15, {_sum(loc.PSS, 'location')})", "bytes", loc.PSS.help),
            areas("Processor by owner", top_cpu, unit="none", about=loc.CPU.help),
            lines("Available on the machine", available, unit="bytes", about=host.MACHINE_AVAILABLE.help),
        ),
    )


def _calls() -> Row:
    latency = ("{{lane}}", quantile(0.95, loc.CALL_SECONDS, OWNER, "lane"))
    ticks = ("{{kind}} {{outcome}}", _rate(loc.TICKS, "kind", "outcome"))
    waiting = (
        ("in flight", _sum(loc.IN_FLIGHT)),
        ("queued", _sum(loc.QUEUED)),
        ("held for a wake", _sum(loc.HELD)),
    )
    return Row(
        "Calls",
        (
            areas(
                "Calls by lane", ("{{lane}}", _rate(loc.CALLS, "lane")), unit="reqps", about=loc.CALLS.help
            ),
            lines(
                "Calls that fail", ("failing", _failing()), unit="reqps", about="Their gRPC status is not OK."
            ),
            lines("Latency, p95 by lane", latency, unit="s", about=loc.CALL_SECONDS.help),
            lines("Ticks", ticks, unit="ops", about=loc.TICKS.help),
            lines("In flight, queued, held", *waiting),
            lines("Runs that servers hold", ("runs", _sum(loc.LIVE_RUNS)), about=loc.LIVE_RUNS.help),
        ),
    )


def _failing() -> str:
    """None fails on a good day: then it is 0, not nothing."""
    failing = f'outcome!="OK",{OWNER}'
    return f"{rate(loc.CALLS, failing)} or vector(0)"


def _wakes() -> Row:
    cold = tuple(
        (f"p{share}", quantile(share / 100, loc.COLD_START, OWNER, window="1h")) for share in (50, 95)
    )
    age = f"time() - {summed(select(loc.RECORDED_AT, OWNER), 'location', how='max')}"
    probes = ("{{outcome}}", _rate(loc.PROBES, "outcome", window="1h"))
    trouble = (
        ("crash ({{cause}})", _rate(loc.CRASHES, "cause")),
        ("wake failed", _rate(loc.WAKE_FAILURES)),
        ("over its limit", _rate(loc.OVER_LIMIT)),
        ("unreachable", _rate(loc.CONNECTIONS_REFUSED)),
    )
    return Row(
        "Wakes, sleeps and trouble",
        (
            areas(
                "Wakes by what asked",
                ("{{reason}}", _rate(loc.WAKES, "reason")),
                unit="ops",
                about=loc.WAKES.help,
            ),
            lines("Cold starts", *cold, unit="s", about=loc.COLD_START.help),
            areas(
                "Sleeps by why",
                ("{{reason}}", _rate(loc.SLEEPS, "reason")),
                unit="ops",
                about=loc.SLEEPS.help,
            ),
            lines("Trouble", *trouble, unit="ops"),
            lines("Versions loaded beside what is served", probes, unit="ops", about=loc.PROBES.help),
            bars("Oldest recorded answers", f"topk(10, {age})", "s", loc.RECORDED_AT.help),
        ),
    )


def _itself() -> Row:
    cpu = ("{{job}} {{instance}}", f"rate({select(host.PROCESS_CPU)}[$__rate_interval])")
    memory = ("{{job}} {{instance}}", select(host.PROCESS_PSS))
    zygotes = ("zygotes of {{instance}}", select(host.ZYGOTES_PSS))
    lag = ("{{job}} {{instance}}", quantile(0.99, host.LOOP_LAG, "", "job", "instance"))
    return Row(
        "Reef itself",
        (
            lines("Processor", cpu, unit="none", about=host.PROCESS_CPU.help),
            lines("Memory", memory, zygotes, unit="bytes"),
            lines("Event loop, p99 lag", lag, unit="s", about=host.LOOP_LAG.help),
        ),
    )


def fleet_board() -> Dashboard:
    about = "All code locations that Reef serves: what they use, what they are asked, what goes wrong."
    rows = (_glance(), _memory(), _calls(), _wakes(), _itself())
    return Dashboard("reef-fleet", "Reef: fleet", about, (Variable("owner", loc.STATE.name, "owner"),), rows)
