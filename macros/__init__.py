"""SRAM macros: technology, cells, generator, behavioural models."""
