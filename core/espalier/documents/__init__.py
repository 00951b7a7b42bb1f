"""Documents of knowledge leaves: imported as Markdown, read as facts."""
