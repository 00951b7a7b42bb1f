"""Models on disk: their folders, the starter model, and what a GGUF file says about itself."""
