"""The bundle: a trained classifier as plain files, and the predictor that answers from it with numpy alone."""
