"""The first page of a project: where it stands, what is next, and what it runs on."""
