"""What lies on disk: runs, clusterings, classifiers and the table of runs; written whole or not at all."""
