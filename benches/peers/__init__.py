"""The same model by other means, to be timed against the core; see `problem` for the rules."""
