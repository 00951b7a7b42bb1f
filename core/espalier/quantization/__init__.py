"""The student made small: how its weights are packed, what that costs, and the models that were made."""
