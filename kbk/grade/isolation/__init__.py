"""Walls around the process that compiles and runs a submission; `kbk.grade.sandbox` raises them.

linux: the system calls. view: what of the disk it sees. files: which files it may open, without
such a view. filters: which system calls it may make. compiler, lines: what must happen outside.
"""
