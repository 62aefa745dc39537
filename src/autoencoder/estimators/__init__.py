"""The library: estimators by scikit-learn's conventions, which the command line is a skin over."""
