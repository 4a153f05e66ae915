"""The figures, one kind per file: a module put here is found by its name."""
