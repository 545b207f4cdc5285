"""Score whole files: every row answered as by `/predict`, and nothing remembered of it but the file that comes out."""
