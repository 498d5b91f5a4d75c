"""Keeping service when parts fail: breakers, the degradation level, and what is measured.

Not here: retries and deadlines (every gen-server has them), limits of clients (the bridge admits),
restarts (supervision). Imported by the other domains for its messages only.
"""
