"""Other people's benchmarks as suites of use cases."""
