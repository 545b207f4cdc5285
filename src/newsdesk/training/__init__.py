"""Fit candidate classifiers, measure them, decide which may serve. scikit-learn lives here and nowhere else."""
