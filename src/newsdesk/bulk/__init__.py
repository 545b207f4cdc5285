"""Score whole files: every row is answered as by `/predict`, and only the output file is kept."""
