"""Teachers and critics behind an OpenAI-compatible endpoint: what they can do, their keys, and leave to use them."""
