"""What is seen of a cluster: `state` has it as values, `reading` reads it from the documents of an API server."""
