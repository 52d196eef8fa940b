"""`reef doctor --fix` over the doctor's corpus (tests/doctor/corpus): what is moved, what it saves, and that
no definitions change.

`python benchmarks/doctor_fix.py [LOCATION…]`; some ten seconds each. Exit status 1 where definitions
changed, or a promised saving did not come and the change stayed.
"""

from __future__ import annotations

import collections
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "doctor"))

from doctor_cases import Case, cases, written

from reef.doctor.examining import Wishes, examine
from reef.doctor.fixing.fixing import fix
from reef.doctor.fixing.measuring import loader
from reef.doctor.fixing.outcome import Outcome
from reef.doctor.fixing.showing import shown


def main() -> None:
    counted: collections.Counter[str] = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        corpus = written(Path(folder) / "corpus")
        for case in cases(corpus):
            if sys.argv[1:] and case.name not in sys.argv[1:]:
                continue
            one(case, corpus / "site-packages", counted)
    print(dict(counted))
    sys.exit(1 if counted["definitions changed"] or counted["saving missing"] else 0)


def one(case: Case, packages: Path, counted: collections.Counter[str]) -> None:
    spec, load = case.location(sys.executable, packages), loader(os.environ)
    before = load(spec, {})
    cured = fix([spec], [examine(spec, os.environ, Wishes()).diagnosis], os.environ, str(case.folder))
    after = load(spec, {})
    print(f"== {case.name}\n{shown(cured, str(case.folder))}", flush=True)
    counted["locations"] += 1
    counted["definitions changed"] += before.definitions_digest != after.definitions_digest
    counted["saving missing"] += not fell(
        cured.outcomes, before.costs.private_bytes - after.costs.private_bytes
    )
    counted.update(outcome.status for outcome in cured.outcomes)


def fell(outcomes: tuple[Outcome, ...], bytes_less: int) -> bool:
    """Whether the location as a whole became lighter by what its moves promised together, within 10 % or 2
    MB."""
    promised = sum(one.promised_bytes for outcome in outcomes for one in outcome.proved)
    return bytes_less >= promised - max(2_000_000, promised // 10)


if __name__ == "__main__":
    main()
