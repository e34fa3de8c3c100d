"""Validates XML against an XSD, for the few words that ours uses: no package here does it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

_XS = "{http://www.w3.org/2001/XMLSchema}"
_SIMPLE = {
    "string": r"(?s).*",
    "token": r"(?! )(?!.*  )[^\n\t\r]*(?<! )",
    "decimal": r"[+-]?(\d+(\.\d*)?|\.\d+)",
    "nonNegativeInteger": r"\d+",
    "dateTime": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?",
}


class Schema:
    """A schema with named types, one global element, sequences, choices and attributes."""

    def __init__(self, file: Path) -> None:
        root = ET.parse(file).getroot()
        self.elements = {e.get("name"): e for e in root.findall(f"{_XS}element")}
        self.types = {e.get("name"): e for e in root if e.tag != f"{_XS}element"}

    def problems(self, document: str) -> list[str]:
        """What is wrong with a document; [] if nothing."""
        root = ET.fromstring(document)
        declared = self.elements.get(root.tag)
        if declared is None:
            return [f"{root.tag} may not be the root"]
        return self._element(root, declared, root.tag)

    def _element(self, node: ET.Element, declared: ET.Element, at: str) -> list[str]:
        inner = declared.find(f"{_XS}complexType")
        if inner is None:
            name = declared.get("type", "")
            if name.startswith("xs:"):
                extra = [f"{at} must have no children"] if len(node) else []
                return extra + self._simple(node.text or "", name, at)
            inner = self.types[name]
        return self._complex(node, inner, at)

    def _complex(self, node: ET.Element, kind: ET.Element, at: str) -> list[str]:
        simple = kind.find(f"{_XS}simpleContent/{_XS}extension")
        holder = kind if simple is None else simple
        found = self._attributes(node, holder, at)
        if simple is not None:
            return found + self._simple(node.text or "", simple.get("base", ""), at)
        if (node.text or "").strip() or any((child.tail or "").strip() for child in node):
            found.append(f"{at} must have no text")
        sequence, choice = kind.find(f"{_XS}sequence"), kind.find(f"{_XS}choice")
        if choice is not None:
            return found + self._choice(node, choice, at)
        parts = [] if sequence is None else list(sequence)
        return found + self._sequence(node, parts, at)

    def _attributes(self, node: ET.Element, holder: ET.Element, at: str) -> list[str]:
        declared = {each.get("name"): each for each in holder.findall(f"{_XS}attribute")}
        found = [f"{at} must not have {name}" for name in node.attrib if name not in declared]
        for name, each in declared.items():
            value = node.get(str(name))
            if value is None:
                if each.get("use") == "required":
                    found.append(f"{at} must have {name}")
            else:
                found += self._simple(value, each.get("type", ""), f"{at}@{name}")
        return found

    def _sequence(self, node: ET.Element, parts: list[ET.Element], at: str) -> list[str]:
        found, children = [], list(node)
        for part in parts:
            least = int(part.get("minOccurs", "1"))
            most = part.get("maxOccurs", "1")
            count = 0
            while children and children[0].tag == part.get("name"):
                if most != "unbounded" and count >= int(most):
                    break
                child = children.pop(0)
                found += self._element(child, part, f"{at}/{child.tag}[{count}]")
                count += 1
            if count < least:
                found.append(f"{at} must have {part.get('name')} here")
        return found + [f"{at} must not have {child.tag} here" for child in children]

    def _choice(self, node: ET.Element, choice: ET.Element, at: str) -> list[str]:
        options = {each.get("name"): each for each in choice}
        if len(node) > 1:
            return [f"{at} must have one child at most"]
        if len(node) == 0:
            return [] if choice.get("minOccurs") == "0" else [f"{at} must have a child"]
        child = node[0]
        if child.tag not in options:
            return [f"{at} must not have {child.tag}"]
        return self._element(child, options[child.tag], f"{at}/{child.tag}")

    def _simple(self, text: str, name: str, at: str) -> list[str]:
        if name.startswith("xs:"):
            good = re.fullmatch(_SIMPLE[name.removeprefix("xs:")], text)
            return [] if good else [f"{at} must be {name}; it was {text!r}"]
        rules = self.types[name].find(f"{_XS}restriction")
        assert rules is not None
        found = self._simple(text, rules.get("base", ""), at)
        for rule in rules:
            value = rule.get("value", "")
            if rule.tag == f"{_XS}minLength":
                good = len(text) >= int(value)
            else:
                assert rule.tag == f"{_XS}pattern", rule.tag
                good = re.fullmatch(value, text) is not None
            found += [] if good else [f"{at} must fit {value!r}; it was {text!r}"]
        return found
