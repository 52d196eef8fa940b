"""Events as lines of the host's log."""

from __future__ import annotations

import logging
import re

from reef import events
from reef.words import count, headline, leaves_out

MOST_NAMES = 20
Log = logging.LoggerAdapter[logging.Logger]


def log_event(event: events.Event) -> None:
    """What is no line for people is not logged. Fields for programs (`reef.logs.FIELDS`) go with each line."""
    log = logging.LoggerAdapter(logging.getLogger("reef.control"), fields(event))
    match event:
        case events.DeployHalted(deploy, wave, reasons):
            log.warning("deploy %s is halted in wave %d: %s", deploy, wave, dict(reasons))
        case events.VersionServed() | events.Pinned() | events.Unpinned():
            _log_version(log, event)
        case events.ZygotesReady():
            _log_zygotes(log, event)
        case events.FleetChanged(added, removed, changed):
            numbers = f"{len(added)} added, {len(removed)} removed, {len(changed)} changed"
            names = ", ".join([*added, *removed, *changed][:MOST_NAMES])
            log.info("the fleet changes: %s: %s", numbers, names)
        case events.LocationGone(location):
            log.info("%s: removed", location)
        case _:
            _log_server(log, event)


def fields(event: events.Event) -> dict[str, object]:
    """`event` (its name in snake case), and `location`, `version`, `pid` where it has them."""
    found: dict[str, object] = {"event": re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()}
    if (location := getattr(event, "name", None)) is not None:
        found["location"] = location
    if (child := getattr(event, "child", None)) is not None:
        found |= {"version": child.version, "pid": child.pid}
    if (version := getattr(event, "version", None)) is not None:
        found["version"] = version
    if isinstance(event, events.VersionServed):
        found["version"] = event.now.version
    return found


def _log_server(log: Log, event: events.Event) -> None:
    match event:
        case events.WakeFailed(location, reason):
            log.warning("%s: not woken: %s", location, headline(reason))
        case events.Slept(location, _, why):
            log.info("%s: asleep (%s)", location, why)
        case events.Draining(location, child, why):
            log.info("%s: draining pid %d (%s)", location, child.pid, why)
        case events.OverLimit(location, _, reason):
            log.warning("%s: ended, %s", location, reason)
        case events.Exited(location, _, _, str(reason)):
            log.warning("%s: %s", location, reason)
        case events.TakenUp(location, child):
            log.info("%s: taken up again, pid %d", location, child.pid)
        case events.ConnectionRefused(location, _, reason):
            log.warning("%s: its server does not take connections (%s), ending it", location, reason)


def _log_version(log: Log, event: events.VersionServed | events.Pinned | events.Unpinned) -> None:
    match event:
        case events.VersionServed(location, _, now):
            log.info("%s: serving version %s (%s)", location, now.version[:12], now.server_id)
        case events.Pinned(location, version, why):
            log.info("%s: pinned to version %s (%s)", location, version[:12], why)
        case events.Unpinned(location):
            log.info("%s: no longer pinned", location)


def _log_zygotes(log: Log, event: events.ZygotesReady) -> None:
    log.info("%s stand after %.1f s", count(event.number, "zygote"), event.seconds)
    for one in event.left_out:
        log.warning("zygote %s", leaves_out(one.name, one.why, one.import_s))
