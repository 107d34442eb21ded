"""LibreLane imports every top-level package of such a name: this one registers our flow and steps,
so that `librelane --flow Spikeout` knows them.

It stands in a folder of its own because it must be top level; installing maps it there, and
`make setup` puts the folder on the path of an editable installation, whose finder LibreLane's
search does not see.
"""

import flow.flow  # noqa: F401
