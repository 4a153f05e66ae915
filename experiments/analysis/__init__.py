"""Pure functions of the long table: means, ranks, fronts, studies and claims."""
