"""The commands of the command line, one module each; they never import each other."""
