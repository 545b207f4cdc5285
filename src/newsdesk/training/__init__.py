"""Fit candidate classifiers, measure them, decide which may serve. Only this package imports scikit-learn."""
