"""Leaves, seed examples and their problems: InstructLab's taxonomy in plain Python."""
