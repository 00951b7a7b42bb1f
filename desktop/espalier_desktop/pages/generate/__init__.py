"""Generate: what the teacher is to write, what that takes, and what it writes."""
