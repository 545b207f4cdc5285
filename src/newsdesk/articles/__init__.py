"""Articles: their model, and how a table of them is read, checked, split and stored as a dataset."""
