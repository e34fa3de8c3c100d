"""Draws the map of SGLang's kernels: what a file of an article holds, and where it went since.

`python -m tools.sglang_map CHECKOUT` reads two commits of a clone of SGLang and writes
``book/_data/sglang_map.json``, which the page `book/sglang_map.md` shows. The file holds facts:
names, paths, counts, dates; no line of anybody's code or prose.

layout   folders of the two commits, and what counts as a CUDA source
git      trees, texts and history out of a repository
text     comments and code of C++ apart, the kernels in it, the headers it takes in
origin   whose text a file is
ops      what the extension registers, and the file that defines it
wrappers Python: names of the ops, kernels compiled at run time, Triton
history  where files and ops went between the commits
hand     the little that is written by hand: chapters, names, other repositories
build    all of it as one dictionary
page     the figure and the tables of the page
"""
