"""Pipelines: lists of blocks in InstructLab's format, run over the rows of a leaf."""
