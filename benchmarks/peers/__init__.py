"""The systems that `bench_peers.py` compares: how each is installed, served and answered.

No code of a peer is kept here: pip installs it. What a study of a peer needs (settings, an app) is
written here against its documented interface.
"""
