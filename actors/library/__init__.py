"""Packages' documentation, and the project's own checkers."""
