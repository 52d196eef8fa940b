"""Whether locations keep to their budgets, and which line is at fault where they do not. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from reef.doctor.amounts import size_of, time_of
from reef.doctor.findings import Diagnosis, Finding
from reef.doctor.report import OverBudget
from reef.fleet.model import Budget, Budgets


def over_budget(diagnoses: Iterable[Diagnosis], budgets: Budgets) -> tuple[OverBudget, ...]:
    """A location that has a budget and did not load is over it: nobody knows what it costs."""
    return tuple(one for diagnosis in diagnoses for one in _of(diagnosis, budgets.of(diagnosis.location)))


def _of(diagnosis: Diagnosis, budget: Budget) -> Iterable[OverBudget]:
    bounds = (budget.memory_bytes, budget.load_time_s, budget.threads)
    failed = [one for one in diagnosis.trouble if one.kind != "partial"]
    if failed:
        if any(bound is not None for bound in bounds):
            why = failed[0]
            yield _over(diagnosis, "loading", 1, 0, (why.file, why.line), f"does not load: {why.message}")
        return
    own = diagnosis.own
    if budget.memory_bytes is not None and own.private_bytes > budget.memory_bytes:
        at = _worst(diagnosis, lambda one: one.costs.private_bytes)
        said = f"{size_of(own.private_bytes)} of memory, {size_of(budget.memory_bytes)} allowed"
        yield _over(diagnosis, "memory", own.private_bytes, budget.memory_bytes, at, said)
    if budget.load_time_s is not None and own.wall_s > budget.load_time_s:
        at = _worst(diagnosis, lambda one: one.costs.wall_s)
        said = f"loads in {time_of(own.wall_s)}, {time_of(budget.load_time_s)} allowed"
        yield _over(diagnosis, "load_time", own.wall_s, budget.load_time_s, at, said)
    if budget.threads is not None and own.threads > budget.threads:
        at = _worst(diagnosis, lambda one: one.costs.threads)
        yield _over(
            diagnosis,
            "threads",
            own.threads,
            budget.threads,
            at,
            f"{own.threads} threads, {budget.threads} allowed",
        )


def _worst(diagnosis: Diagnosis, cost: Callable[[Finding], float]) -> tuple[str, int]:
    costly = [one for one in diagnosis.findings if cost(one) > 0 and one.file]
    worst = max(costly, key=cost, default=None)
    return (worst.file, worst.line) if worst else ("", 0)


def _over(
    diagnosis: Diagnosis, what: str, is_: float, budget: float, at: tuple[str, int], said: str
) -> OverBudget:
    return OverBudget(
        location=diagnosis.location, what=what, is_=is_, budget=budget, file=at[0], line=at[1], message=said
    )
