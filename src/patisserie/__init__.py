"""Pâtisserie Amélie: the workshop on top of the local cloud."""
