"""Several who hear of each call."""

from __future__ import annotations

import logging

from reef.gateway.contract import CallEnded, CallStarted, Observer

log = logging.getLogger("reef.gateway")


class Observers:
    """Itself an observer. Each hears each call, in the order they were added; one that fails keeps nobody from it."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = list(observers)

    def add(self, observer: Observer) -> None:
        self._observers.append(observer)

    def __call__(self, event: CallStarted | CallEnded) -> None:
        for observer in self._observers:
            try:
                observer(event)
            except Exception:
                log.exception("an observer failed at %s", event)
