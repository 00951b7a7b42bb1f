"""The Review page: every sample in one table, and a person's decision about each."""
