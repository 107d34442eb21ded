"""Steps of the flow: each only adapts a tool or a function of the project to LibreLane."""

import librelane  # noqa: F401  first of all: it imports our plugin, which imports every step
