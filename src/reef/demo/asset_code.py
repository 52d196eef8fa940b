"""Templates for the assets of a demo location, one set for each shape of code that teams write."""

from __future__ import annotations

from string import Template

from reef.demo.catalogue import Entry

# What an asset does follows from its name: raw_* extracts, *_clean tidies, *_summary aggregates, …
_BODIES = {
    "raw": """\
    rows = [
        {"id": number, "amount": round(rng.uniform(1, 900), 2), "region": rng.choice($regions)}
        for number in range($rows)
    ]
    context.log.info("fetched %d rows of $noun", len(rows))
    return dg.Output(rows, metadata={"rows": len(rows)})
""",
    "clean": """\
    seen: set[int] = set()
    rows = []
    for row in $first:
        if row["amount"] < $floor or row["id"] in seen:
            continue
        seen.add(row["id"])
        rows.append({**row, "region": row["region"].upper()})
    return dg.Output(rows, metadata={"rows": len(rows), "dropped": len($first) - len(rows)})
""",
    "summary": """\
    totals: dict[str, float] = {}
    for row in $first:
        totals[row["region"]] = totals.get(row["region"], 0.0) + row["amount"]
    table = "\\n".join(f"| {region} | {total:.2f} |" for region, total in sorted(totals.items()))
    report = dg.MetadataValue.md("| region | total |\\n|---|---|\\n" + table)
    return dg.Output([{"region": r, "amount": t, "id": i} for i, (r, t) in enumerate(totals.items())],
                     metadata={"totals": report})
""",
    "scores": """\
    mean = sum(row["amount"] for row in $first) / max(len($first), 1)
    weight = {row["id"]: 1 / (1 + math.exp((mean - row["amount"]) / $scale)) for row in $first}
    scored = [{**row, "score": round(weight[row["id"]], 4)} for row in $first]
    top = sorted(scored, key=lambda row: -row["score"])[:5]
    return dg.Output(scored, metadata={"top": dg.MetadataValue.json(top)})
""",
    "publish": """\
    payload = json.dumps($first[:20], sort_keys=True)
    context.log.info("publishing %d bytes to $noun", len(payload))
    return dg.Output($first, metadata={"bytes": len(payload), "destination": "$noun"})
""",
}

_ASSET = Template('''

@dg.asset(group_name="$group"$options)
def $name(context: dg.AssetExecutionContext$inputs):
    """$doc"""
$opening$body''')

# Partitioned assets hand over no values: each partition is written on its own.
_PARTITIONED = Template('''

@dg.asset(group_name="$group", partitions_def=$partitions$deps$options)
def $name(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """$doc"""
    rng = random.Random(f"$name/{context.partition_key}")
    rows, bad = rng.randint($rows, $rows * 3), rng.randint(0, 5)
    context.log.info("$name of %s: %d rows", context.partition_key, rows)
    return dg.MaterializeResult(metadata={"rows": rows, "rejected": bad, "partition": context.partition_key})
''')

PARTITIONS = {
    "daily": 'dg.DailyPartitionsDefinition(start_date="2025-01-01")',
    "static": "dg.StaticPartitionsDefinition({keys!r})",
    "multi": """dg.MultiPartitionsDefinition(
    {
        "date": dg.DailyPartitionsDefinition(start_date="2025-06-01"),
        "country": dg.StaticPartitionsDefinition(["de", "fr", "pl", "uk"]),
    }
)""",
}


def kind_of(asset: str) -> str:
    """raw | clean | summary | scores | publish: what an asset of this name does."""
    if asset.startswith("raw_"):
        return "raw"
    last = asset.rsplit("_", 1)[-1]
    return last if last in _BODIES else "summary"


def plain_assets(entry: Entry, group: str) -> str:
    """Decorated functions, the way most people write assets."""
    parts = []
    for before, stage in zip(((), *entry.stages), entry.stages, strict=False):
        parts += [_asset(entry, group, name, before[:1]) for name in stage]
    return "".join(parts)


def _asset(entry: Entry, group: str, name: str, inputs: tuple[str, ...]) -> str:
    kind = kind_of(name) if inputs else "raw"
    facts = {
        "group": group, "name": name, "noun": name.removeprefix("raw_"), "doc": _doc(kind, name, entry),
        "rows": 20 + 7 * len(name), "floor": len(entry.name), "scale": 40 + 11 * len(entry.name),
        "regions": '["north", "south", "east", "west"]' if len(name) % 2 else '["web", "shop", "partner"]',
        "first": inputs[0] if inputs else "", "partitions": "PARTITIONS",
        "options": _options(entry, kind), "inputs": "".join(f", {name}" for name in inputs),
        "deps": f", deps={list(inputs)!r}" if inputs else "",
        "opening": f'    rng = random.Random("{entry.name}")\n' if kind == "raw" else "",
    }  # fmt: skip
    if entry.partitions:
        return _PARTITIONED.substitute(facts)
    return _ASSET.substitute(facts, body=Template(_BODIES[kind]).substitute(facts))


def _options(entry: Entry, kind: str) -> str:
    kinds = {"raw": "postgres", "clean": "python", "summary": "sql", "scores": "python", "publish": "s3"}
    return f', kinds={{"{kinds[kind]}"}}, owners=["team:{entry.owner}"]'


def _doc(kind: str, name: str, entry: Entry) -> str:
    noun = name.removeprefix("raw_").replace("_", " ")
    return {
        "raw": f"As the source of {entry.name} has it: {noun}.",
        "clean": f"{noun.capitalize()}: duplicates and rows below the floor dropped.",
        "summary": f"{noun.capitalize()} by region.",
        "scores": f"{noun.capitalize()} between 0 and 1, by how far a row is from the mean.",
        "publish": f"What other teams read: {noun}.",
    }[kind]


_FACTORY = Template("""
TABLES = {
$tables
}


def build_asset(table: str, rows: int, note: str) -> dg.AssetsDefinition:
    @dg.asset(name=table, group_name="$group", description=note, owners=["team:$owner"]$partitions)
    def _table(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        key = context.partition_key if context.has_partition_key else "all"
        copied = random.Random(f"{table}/{key}").randint(rows // 2, rows)
        context.log.info("%s: %d rows of %s", table, copied, key)
        return dg.MaterializeResult(metadata={"rows": copied, "share": copied / rows})

    return _table


built_assets = [build_asset(table, rows, note) for table, (rows, note) in TABLES.items()]
""")


def factory_assets(entry: Entry, group: str) -> str:
    """A loop over a table of tables."""
    lines = (
        f'    "{name}": ({1000 + 137 * len(name)}, "{name.replace("_", " ").capitalize()}, copied whole."),'
        for name in entry.assets
    )
    partitions = ", partitions_def=PARTITIONS" if entry.partitions else ""
    return _FACTORY.substitute(group=group, owner=entry.owner, tables="\n".join(lines), partitions=partitions)


_MULTI = Template('''
SOURCES = $names


@dg.multi_asset(
    specs=[
        dg.AssetSpec(name, group_name="$group", owners=["team:$owner"], skippable=True) for name in SOURCES
    ],
    can_subset=True$partitions,
)
def load_$module(context: dg.AssetExecutionContext):
    """One call to the source answers for all of them."""
    key = context.partition_key if context.has_partition_key else "all"
    for name in SOURCES:
        if dg.AssetKey(name) in context.selected_asset_keys:
            rows = random.Random(f"{name}/{key}").randint(10, 5000)
            yield dg.MaterializeResult(asset_key=name, metadata={"rows": rows, "source": "$name"})
''')


def multi_assets(entry: Entry, group: str) -> str:
    """One function behind several assets."""
    partitions = ",\n    partitions_def=PARTITIONS" if entry.partitions else ""
    return _MULTI.substitute(
        names=repr(list(entry.assets)), group=group, owner=entry.owner, partitions=partitions,
        module=entry.module, name=entry.name,
    )  # fmt: skip


_GRAPH = Template('''

@dg.op(out=dg.DynamicOut(int))
def split_$module(context: dg.OpExecutionContext):
    """Work in slices, so that a bad one can be run again alone."""
    for number in range(3):
        yield dg.DynamicOutput(number * $rows, mapping_key=f"slice_{number}")


@dg.op(tags={"team": "$owner"})
def work_$module(context: dg.OpExecutionContext, start: int) -> float:
    rng = random.Random(start)
    return math.fsum(rng.gauss(100, 15) for _ in range($rows))


@dg.op
def merge_$module(context: dg.OpExecutionContext, results: list[float]) -> float:
    context.log.info("$name: %.1f over %d slices", sum(results), len(results))
    return sum(results)


@dg.job(executor_def=dg.in_process_executor, tags={"team": "$owner"}, description="Sliced work of $name.")
def ${module}_slices():
    merge_$module(split_$module().map(work_$module).collect())
''')


def graph_code(entry: Entry) -> str:
    """A job of ops with dynamic mapping, beside the assets."""
    return _GRAPH.substitute(
        module=entry.module, owner=entry.owner, name=entry.name, rows=40 + 9 * len(entry.name)
    )


PANDAS_ASSETS = Template('''
@dg.asset(group_name="$group", kinds={"pandas"})
def raw_demand() -> pd.DataFrame:
    """Two years of daily demand of twelve stores."""
    rng = np.random.default_rng(7)
    days = pd.date_range("2024-01-01", periods=730, freq="D")
    stores = [f"store-{number:02}" for number in range(12)]
    index = pd.MultiIndex.from_product([days, stores], names=["day", "store"])
    season = 40 + 15 * np.sin(np.arange(len(index)) / 12 * 2 * np.pi / 365)
    return pd.DataFrame({"units": rng.poisson(season)}, index=index).reset_index()


@dg.asset(group_name="$group", kinds={"pandas"})
def demand_clean(raw_demand: pd.DataFrame) -> pd.DataFrame:
    """Outliers clipped to the 99th percentile of their store."""
    limit = raw_demand.groupby("store")["units"].transform(lambda units: units.quantile(0.99))
    return raw_demand.assign(units=raw_demand["units"].clip(upper=limit))


@dg.asset(group_name="$group", kinds={"pandas"})
def demand_forecast(context: dg.AssetExecutionContext, demand_clean: pd.DataFrame) -> pd.DataFrame:
    """The next 14 days of each store: the mean of the same weekdays of the last eight weeks."""
    recent = demand_clean[demand_clean["day"] > demand_clean["day"].max() - pd.Timedelta(weeks=8)]
    weekday = recent.assign(weekday=recent["day"].dt.dayofweek)
    table = weekday.groupby(["store", "weekday"])["units"].mean().unstack()
    context.add_output_metadata({"stores": len(table), "mean": float(table.to_numpy().mean())})
    return table.reset_index()
''')
