"""What the first bytes of an image file say, read before any decoder sees the file."""
