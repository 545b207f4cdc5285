"""Articles: what one is, how a table of them is read, checked, split, and kept as a dataset."""
