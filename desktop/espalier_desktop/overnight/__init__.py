"""The night's work in the window: the plan that is made, how it goes, and the morning report."""
