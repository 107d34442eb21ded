"""The sky130 technology as OpenRAM and our own generators see it."""
