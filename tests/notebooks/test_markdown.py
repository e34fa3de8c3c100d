"""MyST becomes Markdown that Jupyter and Colab show, or an error: nothing is passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.notebooks.blocks import to_markdown
from tools.notebooks.inline import NotPlain, Page


@pytest.fixture
def page(tmp_path: Path) -> Page:
    file = tmp_path / "07_page.md"
    file.write_text("# 07 Page\n\n## Rung 1: one thread\n")
    (tmp_path / "picture.svg").write_text("<svg/>")
    return Page(
        file,
        {"size": "4,096"},
        lambda stem: f"{stem}.ipynb" if stem == "01_copy" else None,
        {"01_copy": "01 Copy", "cpp": "C++ for this book"},
    )


def test_an_admonition_becomes_a_block_quote_with_its_title(page: Page) -> None:
    text = ":::{admonition} This chapter\n:class: tip\nYou need `x`.\n\n- one\n:::\nAfter"
    assert to_markdown(text, page) == "> **This chapter**\n>\n> You need `x`.\n>\n> - one\nAfter"


def test_an_answer_is_folded(page: Page) -> None:
    text = ":::{admonition} Answer\n:class: dropdown\n4 sectors.\n:::"
    folded = "<details>\n<summary>Answer</summary>\n\n4 sectors.\n\n</details>"
    assert to_markdown(text, page) == folded


def test_a_directive_in_a_directive_is_turned_too(page: Page) -> None:
    text = "::::{note}\n:::{dropdown} More\n{glue:text}`size`\n:::\n::::"
    found = to_markdown(text, page)
    assert "> **Note**" in found and "> <summary>More</summary>" in found and "> *4,096*" in found


def test_a_glued_value_is_that_of_the_run_and_one_that_no_cell_glued_is_an_error(
    page: Page,
) -> None:
    assert to_markdown("The {glue:text}`size` bytes", page) == "The *4,096* bytes"
    assert page.used == {"size"}
    with pytest.raises(NotPlain, match=r"07_page\.md.*'floor'"):
        to_markdown("{glue:text}`floor`", page)


@pytest.mark.parametrize(
    "myst, markdown",
    [
        ("[the copy](01_copy.md)", "[the copy](01_copy.ipynb)"),
        ("[](01_copy.md#rung-1)", "[01 Copy](01_copy.ipynb)"),
        ("{doc}`01_copy`", "[01 Copy](01_copy.ipynb)"),
        ("{doc}`the copy <01_copy>`", "[the copy](01_copy.ipynb)"),
        ("[casts](cpp.md#casts)", "casts"),
        ("[`f`](https://a.b/c#d)", "[`f`](https://a.b/c#d)"),
        ("[the first](#rung-1-one-thread)", "[the first](#Rung-1:-one-thread)"),
        ("{math}`x^2`, {term}`warp`", "$x^2$, warp"),
        ("(label)=\nText", "Text"),
        ("% a remark\nText\n+++", "Text"),
        ("sector\n: 32 bytes", "- **sector**: 32 bytes"),
        ("$$\nx\n$$", "$$\nx\n$$"),
        ("```{math}\nx\n```", "$$\nx\n$$"),
        ("```{code-block} cpp\n:caption: A\nint x;\n```", "A\n\n```cpp\nint x;\n```"),
    ],
)
def test_forms_of_myst(page: Page, myst: str, markdown: str) -> None:
    assert to_markdown(myst, page) == markdown


def test_a_link_to_the_published_site_keeps_its_anchor(page: Page) -> None:
    page.link = lambda stem: f"https://site/book/{stem}.html"
    assert to_markdown("[a](cpp.md#casts)", page) == "[a](https://site/book/cpp.html#casts)"


CODE = ["```cpp\na:::b {x}`y`\n```", "`{glue:text}` and `` ::: ` ``", "$x_{{a}}$", "`a[^1]`"]


@pytest.mark.parametrize("text", CODE)
def test_code_and_mathematics_stay_as_they_are(page: Page, text: str) -> None:
    assert to_markdown(text, page) == text


def test_pictures_are_carried_and_those_for_dark_pages_left_out(page: Page) -> None:
    text = (
        "```{image} picture.svg\n:alt: Map\n:class: only-light\n```\n"
        "```{image} picture.svg\n:alt: Map\n:class: only-dark\n```\n![Map](picture.svg)"
    )
    picture = "![Map](data:image/svg+xml;base64,PHN2Zy8+)"
    assert to_markdown(text, page).split() == [picture, picture]
    with pytest.raises(NotPlain, match=r"none\.svg"):
        to_markdown("![Map](none.svg)", page)


@pytest.mark.parametrize(
    "text, name",
    [
        ("```{mermaid}\nx\n```", "mermaid"),
        ("{cite}`a`", "cite"),
        ("{{ version }}", "{{"),
        ("a[^1]", "1"),
    ],
)
def test_what_has_no_form_for_a_notebook_is_an_error_that_names_it(
    page: Page, text: str, name: str
) -> None:
    with pytest.raises(NotPlain, match=f"07_page.md.*{name}"):
        to_markdown(text, page)
