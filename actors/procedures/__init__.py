"""Procedures: versioned state machines that really run."""
