"""Before and after: two panes that answer the same question, and what they show."""
