"""How the shipped tables are made of official files; not part of what is installed."""
