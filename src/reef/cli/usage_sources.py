"""Where `reef usage` takes its figures from."""

from __future__ import annotations

import os
import sys
import time

import msgspec

from reef import fleet as fleets
from reef.decide.sizing.proposal import Has
from reef.errors import ReefError
from reef.fleet.model import Location
from reef.statedir import StateDir
from reef.usage.about import has_of
from reef.usage.history import FOLDER, History
from reef.usage.judging import Judged, judged
from reef.usage.kinds import SettingsPlace
from reef.usage.prometheus import prometheus
from reef.usage.queries import Pods, location_of, workloads
from reef.usage.target import PatchTarget
from reef.words import describe, fault


def of_history(state: StateDir, since_s: float, chosen: PatchTarget | None) -> list[Judged]:
    """Of a host on this machine. Raises ReefError."""
    history, since = History(state.root / FOLDER), time.time() - since_s
    try:
        everything = history.all()
        watch, window = history.watch(), history.watch(since)
    except OSError as error:
        raise ReefError(f"the history in {str(history.folder)!r} cannot be read: {fault(error)}") from None
    if not watch.seconds:
        raise ReefError(
            f"{str(state.root)!r} holds no history of usage yet",
            hint="a host writes what its locations used once a minute, unless reef.yaml says `history: off`",
        )
    places = {each.name: each for each in chosen.places} if chosen is not None else {}
    is_reef_yaml = chosen is not None and chosen.kind == "reef.yaml"
    specs = _specs(state)
    names = sorted(places if places else {*everything, *specs, *places})
    none = history.of("")
    return [
        judged(
            name,
            everything.get(name, none),
            _here(specs.get(name), places.get(name) if is_reef_yaml else None),
            since,
            window_watch=window,
            pod_has=_pod(specs.get(name), None if is_reef_yaml else places.get(name)),
        )
        for name in names
    ]


def of_cluster(
    context: str | None,
    namespace: str | None,
    location: str | None,
    since_s: float,
    chosen: PatchTarget | None,
) -> list[Judged]:
    """Of Reef on a cluster, as its page keeps the history. Raises ReefError."""
    from reef.cli.cluster.page import page_of
    from reef.viewing.usage import decoded

    query = {"since": str(time.time() - since_s)} | ({"location": location} if location else {})
    with page_of(context, namespace) as page:
        body = page.ask("/api/usage/all", **query)
    try:
        found = decoded(body)
    except msgspec.MsgspecError as error:
        raise ReefError(
            f"what the page says of usage is not understood: {describe(error)}",
            hint="the page and this command are of two releases of Reef",
        ) from None
    if not any(each.seen.watch.seconds for each in found):
        raise ReefError(
            "the page has no history of usage yet", hint="it writes once a minute what locations used"
        )
    places = {each.name: each for each in chosen.places} if chosen is not None else {}
    if not places:
        return [each.judged() for each in found]
    return [each.judged(places[each.called].has) for each in found if each.called in places]


def of_prometheus(
    url: str, namespace: str | None, selector: str | None, since_s: float, chosen: PatchTarget | None
) -> list[Judged]:
    """Of pods. Raises ReefError."""
    until = time.time()
    found = workloads(prometheus(url), Pods(namespace, selector), until - since_s, until)
    places = {each.name: each for each in chosen.places} if chosen is not None and chosen.places else None
    namespaces = sorted({each.namespace for each in found})
    if len(namespaces) > 1 and chosen is not None:
        said = ", ".join(namespaces[:12])
        raise ReefError(f"the pods are in several namespaces: {said}", hint="choose one with --namespace")
    done = []
    for each in found:
        name = location_of(each.name, places)
        name = f"{each.namespace}/{name}" if len(namespaces) > 1 else name
        has = places[name].has if places is not None and name in places else each.has
        if places is None or name in places:
            done.append(judged(name, each.seen, has, 0.0, source="prometheus", pod_has=has))
    if not done:
        raise ReefError(
            f"none of the pods is one of the locations of {chosen.file if chosen else 'the file'}",
            hint=f"its pods are of: {', '.join(each.name for each in found[:12])}",
        )
    return sorted(done, key=lambda each: each.name)


def _specs(state: StateDir) -> dict[str, Location]:
    """As the fleet's file says them now; none where it cannot be read."""
    try:
        source = (state.root / "source").read_text().strip()
        fleet = fleets.read(source, os.environ, sys.executable)
    except (OSError, ReefError):
        return {}
    return {each.name: each for each in fleet.locations}


def _here(spec: Location | None, place: SettingsPlace | None) -> Has:
    if place is not None:
        return place.has
    return has_of(spec) if spec is not None else Has()


def _pod(spec: Location | None, place: SettingsPlace | None) -> Has:
    if place is not None:
        return place.has
    return Has(placement=spec.placement if spec is not None else None)
