"""Pure data and arithmetic: suites, plans, results, verdicts, gates, statistics. No asyncio, no network, no pytest."""
