"""The grading engine: it knows checks, walls and reports, and nothing of convolutional networks."""
