"""From samples to a training run: the mixture, the plan of its steps, and its settings."""
