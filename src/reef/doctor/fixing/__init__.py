"""Moves imports into the functions that use them, and keeps a move only where it is proved.

Belongs here: what `reef doctor --fix` decides, writes and undoes. How a location is measured is the
diagnosis' work.
"""
