import dagster as dg
from hv_dicts import TABLE  # blame: define

specs = [dg.AssetSpec(f"t{key}") for key in list(TABLE)[:2]]  # without: specs = [dg.AssetSpec(f"t{key}") for key in "01"]
