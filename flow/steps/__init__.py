"""Steps of the flow: each only adapts a tool or a function of the project to LibreLane."""
