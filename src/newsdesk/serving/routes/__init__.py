"""The endpoints, one file per subject. Each parses, calls one function, and answers."""
