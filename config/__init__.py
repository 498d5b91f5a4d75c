"""Settings, limits, errors, the clock and logging: what every layer may know.

Not here: anything that starts a process, opens a file of the user's or speaks a protocol.
Imported by every other package; imports none of them.
"""
