"""From a transcript to a verdict."""
