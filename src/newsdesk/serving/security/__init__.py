"""Who may ask for what, and how often: API keys, tokens, permissions, rate limits."""
