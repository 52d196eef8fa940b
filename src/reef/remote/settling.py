"""Watching CodeLocations until the controller is done with them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping

from reef.cluster.informer import Informer
from reef.cluster.kinds import CODE_LOCATION, Document
from reef.remote.reaching import Remote
from reef.remote.rows import is_settled, message, phase

Tell = Callable[[str, str, str], None]
"""(location, phase, message), whenever one of them has changed."""


async def settled(
    remote: Remote,
    names: Collection[str],
    timeout_s: float,
    tell: Tell,
    is_done: Callable[[Document], bool] = is_settled,
) -> Mapping[str, Document]:
    """The CodeLocations of these names, once each of them is done; those that are not in time are as they are then, and
    one that was deleted meanwhile is left out. Raises ClusterError only where nothing could be seen at all."""
    changed = asyncio.Event()
    following = Informer(remote.client, CODE_LOCATION, remote.namespace)
    following.subscribe(lambda _: changed.set())
    following.start()
    told: dict[str, tuple[str, str]] = {}
    try:
        async with asyncio.timeout(timeout_s):
            await following.synced()
            while True:
                changed.clear()
                found = _of(following, remote.namespace, names)
                _tell_changes(found, told, tell)
                if all(is_done(each) for each in found.values()):
                    return found
                await changed.wait()
    except TimeoutError:
        return _of(following, remote.namespace, names)
    finally:
        await following.close()


def _of(following: Informer, namespace: str, names: Collection[str]) -> dict[str, Document]:
    found = {name: following.get(name, namespace) for name in names}
    return {name: each for name, each in found.items() if each is not None}


def _tell_changes(found: Mapping[str, Document], told: dict[str, tuple[str, str]], tell: Tell) -> None:
    for name, each in sorted(found.items()):
        now = phase(each), message(each.get("status") or {})
        if told.get(name) != now:
            told[name] = now
            tell(name, *now)
