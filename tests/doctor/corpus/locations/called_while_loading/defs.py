import dagster as dg

def size():
    import hv_bytes  # blame: define
    return hv_bytes.SIZE  # without:     return 30

sized = dg.AssetSpec("sized", metadata={"size": size()})
defs = dg.Definitions(assets=[sized])
