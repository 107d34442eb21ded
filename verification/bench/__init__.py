"""Benchmarks: each module prints one table of ratios, counts and CPU times measured in one run."""
