"""Commands of `spikeout`, one a module; each only adapts a function of the project to the shell."""
