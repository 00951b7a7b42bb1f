"""Models on this machine and on the Hub: listed, searched, fetched, imported, removed."""
