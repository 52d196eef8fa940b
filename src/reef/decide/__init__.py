"""Pure decisions: (state, now) -> what to do. No clock, no files, no processes."""
