"""Train: how a student learns, what it is shown, with which values, and the runs so far."""
