"""The benchmark: datasets, noise, protocols, records and reports."""
