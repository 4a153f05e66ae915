"""The datasets of the benchmark, one per file."""
