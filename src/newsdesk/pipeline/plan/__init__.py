"""A training in steps, each of which may run in its own process or on another machine."""
