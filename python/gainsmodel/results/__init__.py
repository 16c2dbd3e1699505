"""What a run gives: a result, a plan with its reference, their tables, draws and files."""
