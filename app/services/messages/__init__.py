"""Messages to people: their words in everybody's language, how they look, who wants which, what went out already."""
