"""Doing a run: corruption, protocols, denoisers, regressors, scores."""
