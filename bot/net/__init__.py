"""Every byte that leaves: one guarded client, and why an exchange failed, in words."""
