"""One refinement at work: gradients of a frozen network, the data as they stand, and the loops."""
