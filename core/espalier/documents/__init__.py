"""Documents of knowledge leaves: imported as Markdown from files or Git, read as facts and in chunks."""
