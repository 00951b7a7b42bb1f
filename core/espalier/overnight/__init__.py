"""Long work while nobody looks: stages of several projects in a row, a plan that survives, and a report at its end."""
