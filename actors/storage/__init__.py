"""The processes that own the database: one writer, and the caretaker of backups and checks."""
