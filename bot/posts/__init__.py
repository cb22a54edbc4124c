"""From an item to a post: reading its HTML, clipping its words and composing what a channel shows."""
