"""One page a question: its answer as blocks, the same for every way in."""
