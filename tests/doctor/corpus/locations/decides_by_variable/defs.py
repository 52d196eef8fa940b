import os
import dagster as dg

assets = [dg.AssetSpec("always")]
if os.environ.get("CORPUS_EXTRA"):  # blame: any kind=environment memory=no
    assets.append(dg.AssetSpec("extra"))

defs = dg.Definitions(assets=assets)
