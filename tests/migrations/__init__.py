"""What scripts for other systems make of a target, told by that system's own driver."""
