"""The tape-out: command line, chip configurations, LibreLane flow, PDK, place and route."""
