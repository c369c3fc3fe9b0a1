"""Benchmarks: ours and a rival or bound in one group; skipped unless asked for."""
