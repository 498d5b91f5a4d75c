"""Documents, exports and imports: text in and out."""
