"""The messages. All are frozen, and MessagePack on the wire; unknown fields are ignored, so that a newer peer may say
more."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

PACK = "reef.v1.Pack"
GATEWAY = "reef.v1.Gateway"

# Metadata of a call of Dagster's API that a gateway or the controller passes to a pack host: which location it is for,
# and `probe` where it is for the server that `Pack/Probe` started.
LOCATION_KEY = "reef-location"
SERVER_KEY = "reef-server"
# In the trailing metadata of a call that a pack host has refused: nothing of it was sent to a server, it may be tried
# elsewhere.
NOT_SENT_KEY = "reef-not-sent"

Role = Literal["controller", "gateway", "pack"]


class Nothing(Struct, frozen=True):
    """A request or a reply that says no more than that it came."""


# -- controller to pack host ---------------------------------------------------------------------------


class PackLocation(Struct, frozen=True, kw_only=True):
    """One location of a pack. `container` is the container that it runs in.

    `grpc_args` are those of `dagster api grpc`, without the address. `memory_limit_bytes`, `idle_timeout_s` and
    `load_timeout_s` are as in `reef.yaml`; `idle_timeout_s` None: Reef decides, infinity: never.
    """

    name: str
    container: str
    version: str
    grpc_args: tuple[str, ...]
    owner: str | None = None
    python: str | None = None  # the interpreter in its image; None: that of the image's `dagster` command
    working_directory: str | None = None
    env: dict[str, str] = {}  # beside what its container has
    memory_limit_bytes: int | None = None
    idle_timeout_s: float | None = None
    load_timeout_s: float = 180.0
    warm: bool = False  # a server always runs


class PackConfig(Struct, frozen=True, kw_only=True):
    """All that a pack host serves. `generation` only goes up; a host passes over what is older than what it has."""

    generation: int
    locations: tuple[PackLocation, ...]


class LocationState(Struct, frozen=True, kw_only=True):
    """One location as its pack host sees it. `phase` as in `reef status`."""

    name: str
    version: str
    phase: str
    in_flight: int = 0
    private_bytes: int = 0
    pss_bytes: int = 0
    cold_start_s: float | None = None
    last_error: str | None = None
    forked: bool = False


class ContainerState(Struct, frozen=True, kw_only=True):
    """`connected`: its agent speaks with the host. `started` names this start of the container: another one is a
    restart. `zygote` says whether one stands."""

    name: str
    connected: bool
    started: str = ""
    zygote: bool = False


class PackState(Struct, frozen=True, kw_only=True):
    generation: int
    locations: tuple[LocationState, ...]
    containers: tuple[ContainerState, ...]


class OneLocation(Struct, frozen=True):
    name: str


class Acted(Struct, frozen=True):
    """What `Wake` or `Sleep` came to: the location is `warm`, `asleep` or `failed`. `note` says why it is not what was
    asked for."""

    state: str
    note: str = ""


class ProbeReply(Struct, frozen=True, kw_only=True):
    """What a probe's server said once it answered, or why there is none (`failed`, for people).

    `python`, `user`, `cwd` and `env_names` describe the container; `listening` are ports that the code opened while it
    was loaded.
    """

    failed: str | None = None
    python: str = ""
    python_version: str = ""
    user: str = ""
    cwd: str = ""
    env_names: tuple[str, ...] = ()
    listening: tuple[int, ...] = ()
    modules: dict[str, str] = {}
    connects: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    threads: int = 0
    load_s: float = 0.0
    private_bytes: int = 0


class InFlight(Struct, frozen=True):
    """How many calls of a location are under way, held ones not counted, and runs that its servers hold."""

    calls: int


# -- controller to gateway -----------------------------------------------------------------------------


class ServedNow(Struct, frozen=True, kw_only=True):
    """What is answered for a location: see `gateway.contract.Served`."""

    server_id: str
    snapshot: str | None = None
    load_error: str | None = None
    version: str = ""


class Offer(Struct, frozen=True, kw_only=True):
    """Have this ready. `snapshot_bytes` is sent where the gateway said that it lacks it."""

    name: str
    generation: int
    served: ServedNow
    snapshot_bytes: bytes | None = None


class Held(Struct, frozen=True):
    """Reply to `Offer` and `Show`. `ready` False: the snapshot, or what is to be shown, is missing here; send it."""

    ready: bool


class Freeze(Struct, frozen=True):
    """Answer nothing for this location until `Show` or `Thaw` comes. After `seconds` without either the gateway
    answers UNAVAILABLE for it, and is not ready, until it is told a generation."""

    name: str
    generation: int
    seconds: float


class Frozen(Struct, frozen=True):
    """`listed_ago_s`: when a client of this gateway last asked for the list of repositories, None for never. A server
    id that is shown soon after it may meet a client that is between the two (design, section 9)."""

    listed_ago_s: float | None = None


class Show(Struct, frozen=True):
    name: str
    generation: int


class Thaw(Struct, frozen=True):
    """This generation will not be shown; answer as before."""

    name: str
    generation: int


class Rest(Struct, frozen=True):
    """The controller may be about to scale an on-demand location to 0. Where no call of it is under way, pass none to
    the pods that it has now for `seconds`: a call that comes wakes, and waits for another pod."""

    name: str
    seconds: float


class Rested(Struct, frozen=True):
    """`ready` False: a call is under way, do not scale it down."""

    ready: bool


class Shown(Struct, frozen=True, kw_only=True):
    generation: int
    served: ServedNow


class GatewayState(Struct, frozen=True, kw_only=True):
    """What it shows for each location, and the snapshots that it has. `frozen`: the generation that each location's
    answers wait for. `idle_since` is of on-demand locations: since when no call needed its pod, unix seconds; None
    while one does. `called`: uids of the pods with calls under way."""

    shown: dict[str, Shown]
    snapshots: tuple[str, ...]
    ready: bool
    frozen: dict[str, int] = {}
    idle_since: dict[str, float | None] = {}
    called: tuple[str, ...] = ()


class Welcome(Struct, frozen=True):
    """The gateway knows all that it must know, and may be ready. `names` are all locations."""

    names: tuple[str, ...]


class SnapshotWanted(Struct, frozen=True):
    digest: str


class SnapshotBytes(Struct, frozen=True):
    """None where it is not here."""

    content: bytes | None
