"""From a message to somebody's inbox, chat or program, and what is said where that fails."""
