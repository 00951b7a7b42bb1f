"""Quantize: the student in small, how large each way would be, and what those that were made cost."""
