"""Questions asked of runs, one a file, each called by the field's own name."""
