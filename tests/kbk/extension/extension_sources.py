"""Standard extension sources in the forms that people bring."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent / "sources"

TYPED_FUNCTIONS = (
    *("by_value", "by_const", "by_reference", "scalars", "text_of", "optionals", "lists", "kinds"),
    *("two", "several", "pair", "mixed", "maybe", "integers", "nested", "dtype", "undefined"),
    *("single", "narrow", "scalar", "words", "nothing", "launch_too_large"),
)
TYPED = (_FOLDER / "typed.cu").read_text()
BOUND_CPP = (_FOLDER / "bound.cpp").read_text()
BOUND_CUDA = (_FOLDER / "bound.cu").read_text()
LIBRARY = (_FOLDER / "library.cu").read_text()
