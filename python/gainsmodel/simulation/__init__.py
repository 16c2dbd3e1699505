"""From a scenario and figures to a result: settings, what the core is given, the run."""
