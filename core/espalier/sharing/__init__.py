"""What was trained, in the forms that other programs read, and its way to other people."""
