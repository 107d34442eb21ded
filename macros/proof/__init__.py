"""Proof by simulation that the cells work: margins at corners and under mismatch."""
