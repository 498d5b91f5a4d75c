"""The folders in which an assistant may work: what may be opened, and how.

`places` judges paths, `opening` reads and `writing` changes what was judged, by descriptors from
the allowed folder down; `walking` lists it as git would; `secret_names` knows keys and passwords.
"""
