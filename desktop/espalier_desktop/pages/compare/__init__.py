"""Compare: what two models answer to the same question, side by side."""
