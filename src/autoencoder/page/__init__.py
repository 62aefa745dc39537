"""The page that shows a run: a plain dictionary of what was found, and the HTML, CSS and JavaScript that show it.

`summary` knows no HTML, `template` knows nothing of images; `assets` are written by hand and packaged.
"""
