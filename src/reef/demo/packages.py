"""The ten environments of the demo and the small packages in them, two versions of one among them."""

from __future__ import annotations

from reef.demo.venvs import Environment
from reef.demo.wheels import Package

HUNGRY_BYTES = 500 * 2**20

_TARIFFS_1 = '''\
"""Customs tariffs, first interface: a rate by country."""
RATES = {"eu": 0.0, "uk": 0.12, "us": 0.19}


def rate(country):
    return RATES[country]
'''

_TARIFFS_2 = '''\
"""Customs tariffs, second interface: the first one's `rate` is gone."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Tariff:
    country: str
    percent: float

    def duty(self, amount):
        return round(amount * self.percent / 100, 2)


BOOK = {country: Tariff(country, percent) for country, percent in (("eu", 0.0), ("uk", 12.0), ("us", 19.0))}
'''

_ROUTING = f'''\
"""A road network that is read whole when it is imported."""
_PAGE = 4096
NETWORK = bytearray({HUNGRY_BYTES})
NETWORK[::_PAGE] = b"\\x01" * (len(NETWORK) // _PAGE)


def distance(a, b):
    return (NETWORK[hash(a) % len(NETWORK)] + NETWORK[hash(b) % len(NETWORK)] + len(a) * len(b)) % 97
'''

_SMALL = {
    "sku-codec": (
        'def decode(sku):\n    brand, _, item = sku.partition("-")\n    return brand, int(item or 0)\n'
    ),
    "ledger-format": (
        'ACCOUNTS = {f"{n:04}": f"account {n}" for n in range(1000, 1900, 10)}\n\n\n'
        "def balanced(postings):\n    return abs(sum(postings)) < 0.005\n"
    ),
    "fx-fixings": ('BASE = "EUR"\nFIXINGS = {"USD": 1.09, "GBP": 0.85, "PLN": 4.31, "CHF": 0.96}\n'),
    "campaign-tags": ('def utm(source, medium):\n    return f"utm_source={source}&utm_medium={medium}"\n'),
    "label-zpl": ('def label(text):\n    return f"^XA^FO20,20^A0N,30,30^FD{text}^FS^XZ"\n'),
    "geo-zones": (
        'ZONES = {"de": 1, "fr": 2, "pl": 2, "uk": 3}\n\n\n'
        "def zone(country):\n    return ZONES.get(country, 9)\n"
    ),
    "churn-features": (
        "def tenure_bucket(months):\n"
        "    return next(i for i, top in enumerate((3, 12, 36, 10**6)) if months < top)\n"
    ),
}

# environment -> (packages, the import that its locations do, an expression that uses it)
_USES = {
    "tariffs-1": ("tariffs", "tariffs.rate('uk')"),
    "tariffs-2": ("tariffs", "tariffs.BOOK['us'].duty(100.0)"),
    "routing": ("routing_graph", "routing_graph.distance('HAM', 'LYS')"),
    "sku": ("sku_codec", "sku_codec.decode('acme-42')"),
    "ledger": ("ledger_format", "ledger_format.balanced([10.0, -10.0])"),
    "fx": ("fx_fixings", "fx_fixings.FIXINGS['USD']"),
    "tags": ("campaign_tags", "campaign_tags.utm('shop', 'mail')"),
    "labels": ("label_zpl", "label_zpl.label('reef')"),
    "geo": ("geo_zones", "geo_zones.zone('pl')"),
    "churn": ("churn_features", "churn_features.tenure_bucket(7)"),
}

_PACKAGES = {
    "tariffs-1": Package("tariffs", "1.4.0", _TARIFFS_1),
    "tariffs-2": Package("tariffs", "2.1.0", _TARIFFS_2),
    "routing": Package("routing-graph", "0.9.1", _ROUTING),
    **{
        env: Package(name, "1.0.0", source)
        for env, (name, source) in zip(
            ("sku", "ledger", "fx", "tags", "labels", "geo", "churn"), _SMALL.items(), strict=True
        )
    },
}


def environments() -> tuple[Environment, ...]:
    """Ten that share Dagster and hold another package each, and the one with pandas."""
    small = tuple(Environment(env, (package,)) for env, package in _PACKAGES.items())
    return (*small, Environment("pandas", fetched=("pandas",)))


def use_of(env: str) -> tuple[str, str] | None:
    """(module to import, expression that uses it) of an environment's own package."""
    return _USES.get(env)
