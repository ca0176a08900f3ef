"""All asyncio: the loop, conversations, assistants, limits, cache."""
