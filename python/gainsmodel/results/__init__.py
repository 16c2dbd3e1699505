"""What a run gives: a result, a plan beside its reference, their tables, draws and files."""
