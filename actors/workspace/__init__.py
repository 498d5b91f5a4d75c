"""The folders in which an assistant may work: what may be opened, and how."""
