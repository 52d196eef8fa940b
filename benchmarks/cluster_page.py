"""The page of a cluster: what a look at packs and gateways takes, and the memory of who looks.

Objects are in memory, no API server is asked. Packs of a hundred locations and two gateways answer over loopback, from
another process, with what real ones would say: every second location is warm, each was called in many ways.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from reef.cluster.kinds import Document, Key
from reef.hosting.memory import sample
from reef.kube import labels
from reef.metrics import of_hosts, of_locations
from reef.metrics.exposition import TEXT, Page, of_location
from reef.metrics.tally import Tally
from reef.peers.health import Health
from reef.viewing.asking import Asking
from reef.viewing.looking import Looking
from report import Report, arguments, emit, setting_of

EACH_PACK, GATEWAYS, PORT = 100, 2, 18_081
METHODS = ("SyncExternalSensorExecution", "ExecutionPlanSnapshot", "StartRun", "ExternalJobSubset")
LANES = ("answered", "recorded", "forwarded")
LOOKS, SAMPLE_S = 20, 15.0
MEMORY_MB, RESTING_PART = 100.0, 2.0


def main() -> int:
    if sys.argv[1:2] == ["say"]:
        return asyncio.run(_say(int(sys.argv[2])))
    if sys.argv[1:2] == ["look"]:
        return asyncio.run(_look(int(sys.argv[2])))
    args = arguments(__doc__.splitlines()[0], locations=500).parse_args()
    report = Report("The page of a cluster", setting_of(args))
    saying = subprocess.Popen([sys.executable, __file__, "say", str(args.locations)], stdout=subprocess.PIPE)
    try:
        assert saying.stdout is not None
        saying.stdout.readline()
        told = subprocess.run(
            [sys.executable, __file__, "look", str(args.locations)], stdout=subprocess.PIPE, check=True
        )
    finally:
        saying.terminate()
        saying.wait()
    found = json.loads(told.stdout)
    report.figure("a look at all processes", "processor time", found["cpu_s"] * 1000, "ms")
    at_rest = report.figure("one look each 15 s", "of a core", 100 * found["cpu_s"] / SAMPLE_S, "%")
    memory = report.figure("the process that looks", "PSS", found["pss"] / 1e6, "MB")
    report.at_most("one look each 15 s", at_rest, RESTING_PART, "% of a core")
    report.at_most("memory", memory, MEMORY_MB, "MB")
    return emit(report, args)


def _name(number: int) -> str:
    return f"location-{number:04}"


def _host(number: int) -> str:
    return f"127.0.1.{number + 1}"


# -- who says ----------------------------------------------------------------------------------------


async def _say(count: int) -> int:
    packs = -(-count // EACH_PACK)
    texts = [_of_pack(range(pack * EACH_PACK, min(count, (pack + 1) * EACH_PACK))) for pack in range(packs)]
    texts += [_of_gateway(count)] * GATEWAYS
    for number, text in enumerate(texts):
        await Health({}, _render(text)).open(_host(number), PORT)
    print("all answer", flush=True)
    await asyncio.Event().wait()
    return 0


def _render(text: bytes):  # type: ignore[no-untyped-def]
    async def render(_accept: str | None) -> tuple[str, bytes]:
        return TEXT, text

    return render


def _of_pack(numbers: range) -> bytes:
    page, tally = Page(), Tally()
    page.put(of_hosts.PROCESS_PSS, 40e6)
    for number in numbers:
        where, is_warm = of_location(_name(number), f"team-{number % 9}"), number % 2 == 0
        counted = tally.of(_name(number))
        for state in of_locations.STATES:
            page.put(of_locations.STATE, state == ("warm" if is_warm else "asleep"), where, state)
            tally.add(counted, of_locations.STATE_SECONDS, state, number=100.5)
        for metric in (of_locations.PRIVATE, of_locations.PSS, of_locations.RESIDENT):
            page.put(metric, 60e6 + number if is_warm else 0, where)
        for method in METHODS:
            tally.add(counted, of_locations.WAKES, method, number=3)
        tally.observe(counted, of_locations.COLD_START, seconds=0.2)
        page.put(of_locations.CPU, 12.5, where)
        page.put_counted(counted, where)
    return page.text(open_metrics=False)


def _of_gateway(count: int) -> bytes:
    page, tally = Page(), Tally()
    for number in range(count):
        counted = tally.of(_name(number))
        for lane in LANES:
            tally.observe(counted, of_locations.CALL_SECONDS, lane, seconds=0.1)
            for method in METHODS:
                for outcome in ("OK", "UNAVAILABLE"):
                    tally.add(counted, of_locations.CALLS, method, lane, outcome, number=7)
        page.put_counted(counted, of_location(_name(number), f"team-{number % 9}"))
    return page.text(open_metrics=False)


# -- who looks ---------------------------------------------------------------------------------------


@dataclass
class InMemory:
    """Stands for an informer."""

    objects: dict[Key, Document] = field(default_factory=dict)
    away: str | None = None

    def start(self) -> None: ...
    async def synced(self) -> None: ...
    async def close(self) -> None: ...


class NoScales:
    def __init__(self) -> None:
        self.cpu: Mapping[str, float] = {}

    async def bytes(self) -> Mapping[str, int]:
        return {}


async def _look(count: int) -> int:
    packs = -(-count // EACH_PACK)
    locations = {("here", _name(each)): _location(each) for each in range(count)}
    pods = {("here", f"pod-{each}"): _pod(each, each >= packs) for each in range(packs + GATEWAYS)}
    looking = Looking(InMemory(locations), InMemory(pods), NoScales(), Asking(PORT))
    await looking.status()
    began = time.process_time()
    for _ in range(LOOKS):
        looking.again()
        await looking.status()
    cpu_s = (time.process_time() - began) / LOOKS
    found = await looking.status()
    assert found["totals"]["states"] == {"warm": -(-count // 2), "asleep": count // 2}, found["fleet"]
    await looking.close()
    memory = sample(os.getpid())
    print(json.dumps({"cpu_s": cpu_s, "pss": memory.pss if memory else 0}))
    return 0


def _location(number: int) -> Document:
    status = {
        "phase": "served",
        "observedGeneration": 1,
        "version": f"{number:016x}",
        "placement": {"chosen": "packed", "reason": "It fits."},
        "serving": {"gatewayPort": 20_000 + number, "pack": f"pack-{number // EACH_PACK}"},
    }
    meta = {"name": _name(number), "generation": 1}
    return {"metadata": meta, "spec": {"owner": f"team-{number % 9}"}, "status": status}


def _pod(number: int, is_gateway: bool) -> Document:
    own = {labels.PART_OF: "reef", labels.COMPONENT: "gateway" if is_gateway else "pack"}
    own |= {} if is_gateway else {labels.PACK: f"pack-{number}"}
    meta = {"name": f"pod-{number}", "uid": f"uid-{number}", "labels": own}
    return {
        "metadata": meta,
        "spec": {"containers": []},
        "status": {"phase": "Running", "podIP": _host(number)},
    }


if __name__ == "__main__":
    sys.exit(main())
