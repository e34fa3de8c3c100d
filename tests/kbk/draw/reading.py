"""What a test reads in a picture's SVG."""

from __future__ import annotations

import re
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"


def root(svg: str) -> ElementTree.Element:
    """The document."""
    return ElementTree.fromstring(svg)


def hatches(svg: str) -> int:
    """How many different hatches it has."""
    return len(list(root(svg).iter(f"{SVG}pattern")))


def hatched(svg: str) -> int:
    """How many areas have a hatch, those of the legend among them."""
    return len(re.findall(r"fill: ?url\(#", svg))


def loose_ends(svg: str) -> list[str]:
    """References to what is not in the file: other documents, and names that nothing has."""
    names = set(re.findall(r'\bid="([^"]*)"', svg))
    outside = re.findall(r'(?:href|src)="([^#"][^"]*)"|url\(([^#)][^)]*)\)', svg)
    inside = re.findall(r'href="#([^"]*)"|url\(#([^)]*)\)', svg)
    return [a or b for a, b in outside] + [a or b for a, b in inside if (a or b) not in names]


def words(svg: str) -> str:
    """The title and the description."""
    each = [root(svg).findtext(f"{SVG}{name}") or "" for name in ("title", "desc")]
    return "\n".join(each)
