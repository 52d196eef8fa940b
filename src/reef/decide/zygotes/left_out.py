"""What locations import and a zygote leaves out, for people: by distribution, with the reason and the price."""

from __future__ import annotations

from collections.abc import Sequence

from reef.decide.zygotes.facts import Candidate, Catalogue
from reef.decide.zygotes.modules import Modules
from reef.hosting.plan import LeftOut


def left_out(modules: Modules, locations: Sequence[Candidate], catalogue: Catalogue) -> tuple[LeftOut, ...]:
    """Of what these locations import: each distribution that holds or changes something, most costly first."""
    loaded = {name for location in locations for name in location.modules}
    reasons: dict[str, str] = {}
    counts: dict[str, int] = {}
    for name in sorted(loaded.intersection(catalogue.unfit)):
        fact, why = modules.facts.get(name), catalogue.unfit[name]
        of = (fact.distribution if fact else "") or name.partition(".")[0]
        if why.kind != "needs":
            reasons.setdefault(of, why.words)
        counts[of] = counts.get(of, 0) + 1
    found = [LeftOut(of, why, catalogue.costs.get(of, 0.0), counts[of]) for of, why in reasons.items()]
    return tuple(sorted(found, key=lambda one: (-one.import_s, one.name)))
