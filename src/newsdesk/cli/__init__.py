"""The command line. A command parses, calls one function of the core, prints; heavy imports happen inside it."""
