"""The commands below `ingitdb migrate`, one a module, and what they share."""
