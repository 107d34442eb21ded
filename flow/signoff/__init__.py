"""Sign-off: each check is a function with paths in and a `Verdict` out."""
