"""What locations used, kept on disk or asked of a Prometheus, and what they should request, as a patch of the file that
says it. The rule itself is `decide.sizing`; nothing here ends, wakes or limits anything."""
