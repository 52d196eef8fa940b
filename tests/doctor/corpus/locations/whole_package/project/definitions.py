import dagster as dg
import project.work

defs = dg.Definitions(assets=[project.work.worked])
