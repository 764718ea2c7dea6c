"""The rules of smart carts and of their device protocol SC1, without I/O."""
