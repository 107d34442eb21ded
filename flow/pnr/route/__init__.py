"""Detailed routing: grid, search, negotiation, and the shapes that come out."""
