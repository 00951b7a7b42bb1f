"""Export: the forms of a run, each checked before it is offered; publishing them; what was published so far."""
