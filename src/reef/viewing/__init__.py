"""The page of a cluster's fleet: what Reef's processes say of it, put together, and what its locations used."""
