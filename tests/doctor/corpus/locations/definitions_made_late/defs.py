import dagster as dg

@dg.definitions
def defs():
    import hv_mmap  # blame: define
    return dg.Definitions(assets=[dg.AssetSpec(f"a{len(hv_mmap.AREA)}")])  # without: return dg.Definitions()
