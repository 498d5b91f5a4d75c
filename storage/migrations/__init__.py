"""Forward-only numbered changes of the schema; `runner` applies what is missing.

A module here is never changed once released: the next change is the next number.
"""
