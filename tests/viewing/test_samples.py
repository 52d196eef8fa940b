"""What is read of `/metrics`, against the strict parser of Prometheus' own client."""

from __future__ import annotations

from processes_of_reef import MB, SaidOfOne, SayingProcess
from prometheus_client.parser import text_string_to_metric_families

from reef.metrics import of_locations
from reef.viewing.samples import COLD_COUNT, Reader, Sample, by_location

ODD = 'owner "quoted" \\ of\nlines } {'


def said_by_all() -> SayingProcess:
    process = SayingProcess({"sales": SaidOfOne(owner=ODD), "risk": SaidOfOne()})
    process.wakes("sales", "StartRun", 1_800_000_000.5, 0.25)
    process.called("sales", "StartRun", 3)
    process.called("sales", "GetServerId", 900, lane="answered")
    process.called("risk", "StartRun", 2, outcome="UNAVAILABLE")
    return process


def test_it_reads_what_a_strict_parser_reads() -> None:
    text = said_by_all().text()
    found = list(Reader().samples(text))
    shown = {one.metric for one in found}
    strict = {
        (sample.name, sample.labels.get("location", ""), sample.value)
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
        if sample.name in shown and sample.value and sample.labels.get("lane") != "answered"
    }
    assert {(one.metric, one.location, one.value) for one in found} == strict
    assert len(found) > 12
    assert COLD_COUNT in shown


def test_of_states_it_has_the_one_that_is() -> None:
    found = by_location(Reader().samples(said_by_all().text()))
    states = [one for one in found["sales"] if one.metric == of_locations.STATE.name]
    assert states == [Sample(of_locations.STATE.name, "sales", ("warm",), 1.0)]
    assert found[""], "what it says of itself"


def test_what_changed_is_read_again_and_what_is_gone_is_forgotten() -> None:
    process, reader = said_by_all(), Reader()

    def private() -> list[float]:
        found = reader.samples(process.text())
        return [one.value for one in found if one.metric == of_locations.PRIVATE.name]

    assert private() == private() == [30.0 * MB]
    process.locations["risk"].private = 7
    assert private() == [30.0 * MB, 7.0]
    process.locations.clear()
    assert private() == []
    assert list(reader.samples(b"")) == []
