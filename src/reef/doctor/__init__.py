"""Finding what makes a code location heavy, and by which line: what loads a location to measure it, decides what a
measurement means, or shows that. Whatever changes a user's source belongs to `fixing`."""
