"""The values that every layer speaks, and the ports through which layers reach the outside."""
