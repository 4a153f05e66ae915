"""Networks that can serve as a backbone, one per file."""
