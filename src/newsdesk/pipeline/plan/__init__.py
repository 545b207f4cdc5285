"""A training in steps, which may run in processes and on machines of their own."""
