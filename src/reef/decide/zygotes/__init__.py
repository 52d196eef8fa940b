"""Which zygotes there shall be: environments, and what loads were seen to import → plans, and reasons for those
without.

What decides who shares a process belongs here: `facts` (what is known of modules and locations), `bases` (for which
environments the load of one server speaks), `modules` (which modules an attribute touches), `members` (locations
reduced to where they differ), `groups` (how to divide them), `deciding` (which groups get a zygote), `plans` (what
each zygote is made of), `reasons` and `left_out` (words for people).

A zygote serves every location for which each module that it has preloaded would have loaded the same: the
distribution byte for byte, the variables read on import, what the module looked for besides, and nothing of the
location's own in its place. Each zygote but the first must save more memory than it takes.

An example (`tests/decide/test_zygote_example.py` holds it against the code). Nine locations, and what their last
loads imported:

    location     environment                        loaded
    a1 … a6      /v1: Python 3.12, dagster, pandas  1,600 modules of dagster, 800 of pandas
    b1, b2       /v2: Python 3.12, dagster          1,600 modules of dagster
    odd          /v3: Python 3.11, dagster          1,600 modules of dagster

1. Buckets. Only a program that is started with the same build and the same settings can be the same process: `odd`
   is in a bucket of its own.
2. Members. Locations that differ in nothing are one member: `a1 … a6` and `b1, b2`. The two differ in one
   attribute, `("distribution", "pandas")` (and in `("import", "pandas")`, which says the same). A module is
   *touched* by an attribute if it, or what it needs, depends on it: here the 800 modules of pandas.
3. What a group preloads: the modules that two of its locations load and that no attribute in which it differs
   touches. A module counts 64 KiB. A zygote costs 10 MiB and its modules; it saves, for each location, 0.8 of the
   preloaded modules that this one loads.
4. Division. Each attribute in which a group differs is tried as a cut, those that touch most first, and the parts
   are divided again. A cut counts if the parts are worth more together:

    group            preloads   costs    saves    is worth
    a1 … b2             1,600   110 MiB  640 MiB   530 MiB
    a1 … a6             2,400   160 MiB  720 MiB   560 MiB
    b1, b2              1,600   110 MiB  160 MiB    50 MiB
    odd                 1,600   110 MiB   80 MiB     0 MiB

   560 + 50 is more than 530, so there are two zygotes. With four locations such as `a1`, 320 + 50 would be no more
   than 370: then one zygote serves them all, and pandas is imported after the fork.
   What every server loads counts twice: a zygote refuses what is not the same for all, and cannot rehearse the
   server where that is among it. Then each location is worth 28 MiB less. If `/v2` had another version of a
   library of three modules that every server loads, one zygote for four like `a1` and the two would be worth 201
   MiB; so there would be two again.
5. A group that is worth nothing has no zygote: `odd` runs in a fresh interpreter, and `reef status` says why. Only
   where no group is worth anything the largest gets one all the same, for a fork is what makes a wake quick.
6. Plans. The modules come in the order in which the largest load imported them. What the group may not preload is
   named too (`never`), so that nothing brings it along. A plan that stands is kept while its modules are still
   allowed and a new one would save little more.
"""

from reef.decide.zygotes.deciding import Zygotes, decide_zygotes
from reef.decide.zygotes.facts import Candidate, Catalogue, modules_of, preloadable_from
from reef.decide.zygotes.groups import ZygoteCosts

__all__ = [
    "Candidate",
    "Catalogue",
    "ZygoteCosts",
    "Zygotes",
    "decide_zygotes",
    "modules_of",
    "preloadable_from",
]
