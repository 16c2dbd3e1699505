"""Words, tables, charts, files and papers: one set for every user."""
