"""Trusted answers, written to be read: layers, networks, formulas and sizes of convolutional networks."""
