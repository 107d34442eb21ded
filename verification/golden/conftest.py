"""Property tests draw the same examples in every run and keep no database beside the sources."""

from hypothesis import settings

settings.register_profile("spikeout", database=None, derandomize=True, deadline=None)
settings.load_profile("spikeout")
