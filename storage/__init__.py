"""SQLite under peewee: one process writes, any number read.

`database` opens (`open_writer`, `open_reader`), `batches` applies commands as one commit,
`memories`, `search` and `vectors` read, `backups`, `checkpoints` and `integrity` keep the file
sound. A database is one file, its write-ahead log, and a small witness beside them that remembers
which database it was and how far it had come.

Not here: actors, messages, MCP, any decision about what is worth remembering. Imports only
`config`. peewee and apsw are imported by this package alone.
"""
