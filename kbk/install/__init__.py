"""How kbk gets its torch: decided here for make, and for the first cell of a notebook.

Python's standard library alone: these modules run where nothing is installed yet, in a notebook
straight out of the wheel.
"""
