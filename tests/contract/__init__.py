"""Each port has one suite here, which all its implementations pass."""
