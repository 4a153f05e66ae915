"""Keeping what was done: records, the archive, and the long table of both."""
