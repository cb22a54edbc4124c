"""Floods: what could pour many or old articles into a channel, and what comes of it."""
