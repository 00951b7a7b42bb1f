"""What was trained, given to others: its forms, their descriptions, and where they go."""
