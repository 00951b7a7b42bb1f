"""Forms of what was trained that need a model to be written or checked."""
