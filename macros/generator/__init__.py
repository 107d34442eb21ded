"""The macro generator: OpenRAM with our technology and our patches, in a process of its own."""
