"""A walk of three minutes over a project: a bubble beside one real control after the other."""
