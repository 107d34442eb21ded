"""Timing repair: weak drivers, long wires and early data, in a loop with OpenSTA."""
