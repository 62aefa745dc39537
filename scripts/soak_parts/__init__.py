"""What `soak.py` runs, a module a part; each has `PART`."""
