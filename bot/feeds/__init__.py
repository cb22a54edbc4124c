"""From a feed's address to its items: polite fetching, discovery and parsing."""
