"""From a user's own table to figures that can be run, or one clear message why not."""
