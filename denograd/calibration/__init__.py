"""What a step that the noise dictates is made of: pure functions that can be called alone."""
