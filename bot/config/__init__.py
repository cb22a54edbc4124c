"""From env files to settings: reading, checking, and saying in one line what is wrong and what to do."""
