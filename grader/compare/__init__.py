"""Pure comparisons of what came with what was wanted."""
