"""The commands of the command line, one module each; they never import each other."""

#: One line a command, the name of its module; in the order of the help.
NAMES = (
    "run",
    "sort",
    "sweep",
    "encode",
    "evaluate",
    "cluster",
    "assign",
    "report",
    "similar",
    "outliers",
    "duplicates",
    "suspects",
    "export",
    "restore_train",
    "restore",
    "label_next",
    "classify",
    "predict",
    "runs",
    "show",
    "clean",
    "import_data",
)
