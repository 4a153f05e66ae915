"""The downstream regressors of the benchmark, one per file."""
