"""Independent checks of layouts: design rules, extraction, layout against schematic."""
