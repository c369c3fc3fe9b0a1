"""The forms in which `ingitdb validate` tells what it found, one module a form."""
