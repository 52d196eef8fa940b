"""What the controller does next in a cluster, from what is there.

Every function takes what is seen and the time, and gives what is to be done: done once, the same function gives nothing
more. `owners` and `ports` give out what there is one of, `probing` and `releasing` decide versions, `packs` and `own`
where they run, `rolling` which of many change together, `sleeping` when a pod on demand goes.
"""
