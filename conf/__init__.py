"""The configuration groups of the benchmark, installed as ``experiments.conf``."""
