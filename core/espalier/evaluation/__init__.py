"""Whether the student has learned: held-out questions, before, after, and in 4 bits."""
