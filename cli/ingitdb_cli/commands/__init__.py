"""One command, one module: parse, one call of the engine, output."""
