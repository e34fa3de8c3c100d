"""Writes the pages of the book as notebooks that stand on their own.

`python -m tools.notebooks` is what `make notebooks` runs; `pages.notebook` makes one.
"""
