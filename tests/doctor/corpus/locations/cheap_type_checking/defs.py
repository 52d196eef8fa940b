from __future__ import annotations
from typing import TYPE_CHECKING
import dagster as dg
if TYPE_CHECKING:
    from hv_pure import Thing

def shown(thing: Thing) -> str:
    return "x"

@dg.asset
def parsed():
    return shown(None)

defs = dg.Definitions(assets=[parsed])
