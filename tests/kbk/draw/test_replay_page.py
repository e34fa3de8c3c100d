"""A replay on a page: without JavaScript, on paper, narrow, light and dark, and beside others."""

from __future__ import annotations

import pytest
from playing import SLIDER, Open, press, said

from kbk.draw.replays import Replay


def test_replays_of_one_page_do_not_know_each_other(
    open_page: Open, replays: dict[str, Replay]
) -> None:
    both = replays["count"]._repr_html_() + replays["count"]._repr_html_()
    opened = open_page(both + replays["sum"]._repr_html_())
    players = opened.locator(".kbk-ui")
    assert players.count() == 3
    assert opened.locator("#kbk-replay-style").count() == 1
    players.nth(1).locator("button[data-do=next]").click()
    players.nth(2).locator(SLIDER).focus()
    opened.keyboard.press("End")
    texts = opened.locator(".kbk-say").all_text_contents()
    assert [text.split(".")[0] for text in texts] == [
        "Step 0 of 63",
        "Step 1 of 63",
        "Step 42 of 42",
    ]


def test_a_notebook_may_run_the_script_before_the_output_is_there(
    open_page: Open, replays: dict[str, Replay]
) -> None:
    opened = open_page("<main id=cell></main>")
    opened.evaluate(
        """(html) => {
          const output = document.createElement('div');
          output.innerHTML = html;
          for (const old of output.querySelectorAll('script:not([type])')) {
            const script = document.createElement('script');
            script.textContent = old.textContent;
            document.head.append(script); // as notebooks do: elsewhere, and at once
          }
          setTimeout(() => document.getElementById('cell').append(output), 250);
        }""",
        replays["sum"]._repr_html_(),
    )
    press(opened, "next")
    assert said(opened).startswith("Step 1 of 42.")


def test_keys_do_not_reach_the_page(open_page: Open, replays: dict[str, Replay]) -> None:
    opened = open_page(replays["sum"]._repr_html_())
    opened.evaluate("document.addEventListener('keydown', (e) => { window.heard = e.key; })")
    opened.focus(".kbk-grids")
    opened.keyboard.press("ArrowRight")
    assert said(opened).startswith("Step 1 of 42.")
    assert opened.evaluate("window.heard") is None
    opened.keyboard.press("x")
    assert opened.evaluate("window.heard") == "x"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_without_javascript_there_is_a_picture(
    open_page: Open, replays: dict[str, Replay], scheme: str
) -> None:
    opened = open_page(
        replays["transpose"]._repr_html_(), java_script_enabled=False, color_scheme=scheme
    )
    image = opened.locator(".kbk-still img").first
    assert image.is_visible() and image.bounding_box()["height"] > 200
    assert "8 warps in 128 requests" in opened.text_content("figcaption")
    assert opened.locator(".kbk-ui").count() == 0


def test_on_paper_there_is_a_picture(open_page: Open, replays: dict[str, Replay]) -> None:
    opened = open_page(replays["transpose"]._repr_html_())
    assert not opened.locator(".kbk-still").is_visible()
    opened.emulate_media(media="print")
    assert opened.locator(".kbk-still").is_visible()
    assert not opened.locator(".kbk-ui").is_visible()
    opened.emulate_media(media="screen")
    opened.click("text=As a picture and a table")
    assert opened.locator(".kbk-still").is_visible()
    assert opened.get_attribute(".kbk-toggle", "aria-expanded") == "true"


@pytest.mark.parametrize("name", ["transpose", "count", "sum"])
def test_a_narrow_page_does_not_scroll_sideways(
    open_page: Open, replays: dict[str, Replay], name: str
) -> None:
    opened = open_page(replays[name]._repr_html_(), size=(360, 740))
    for press_ in ("next", "forward", "last"):
        press(opened, press_)
        root = "document.documentElement"
        assert opened.evaluate(f"{root}.scrollWidth - {root}.clientWidth") == 0


CONTRAST = """() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = rgb(getComputedStyle(e).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const bad = [];
  for (const element of document.querySelectorAll('.kbk-ui *, .kbk-toggle')) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || element.disabled || !element.getClientRects().length) continue;
    const [a, b] = [rgb(getComputedStyle(element).color), ground(element)].map(light);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.push(`${element.className || element.tagName}: ${ratio.toFixed(2)}`);
  }
  return [...new Set(bad)];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["transpose", "count", "sum"])
def test_text_stands_out_from_its_ground(
    open_page: Open, replays: dict[str, Replay], name: str, scheme: str
) -> None:
    opened = open_page(replays[name]._repr_html_(), color_scheme=scheme)
    opened.click("summary >> text=lane by lane")
    for number in range(0, 45, 9):
        opened.fill(SLIDER, str(number))
        assert opened.evaluate(CONTRAST) == []


def test_the_page_chooses_light_or_dark(open_page: Open, replays: dict[str, Replay]) -> None:
    opened = open_page(replays["sum"]._repr_html_(), color_scheme="light")
    ground = "getComputedStyle(document.querySelector('.kbk-ui')).backgroundColor"
    assert opened.evaluate(ground) == "rgb(255, 255, 255)"
    opened.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert opened.evaluate(ground) == "rgb(18, 18, 18)"
    opened.emulate_media(color_scheme="dark")
    opened.evaluate("document.documentElement.dataset.theme = 'light'")
    assert opened.evaluate(ground) == "rgb(255, 255, 255)"
    opened.evaluate("delete document.documentElement.dataset.theme")
    assert opened.evaluate(ground) == "rgb(18, 18, 18)"


def test_the_focus_is_seen_and_nothing_moves_by_itself(
    open_page: Open, replays: dict[str, Replay]
) -> None:
    opened = open_page(replays["transpose"]._repr_html_(), reduced_motion="reduce")
    names = []
    for _ in range(16):
        opened.keyboard.press("Tab")
        name, width = opened.evaluate(
            """() => { const e = document.activeElement; const s = getComputedStyle(e);
               return [e.getAttribute('aria-label') || e.tagName, s.outlineStyle === 'solid' &&
               parseFloat(s.outlineWidth)]; }"""
        )
        if name != "BODY":
            names.append(name)
            assert width >= 3, name
    assert names[:4] == [
        "To the start (Home)",
        "To the barrier before (Shift+B)",
        "Step back (left arrow)",
        "Play",
    ]
    assert {"Step", "Source", "Lanes and memory"} <= set(names)
    moving = opened.evaluate(
        """() => [...document.querySelectorAll('.kbk-ui, .kbk-ui *')].filter((e) => {
          const s = getComputedStyle(e);
          return s.transitionDuration !== '0s' || s.animationName !== 'none' ||
            s.scrollBehavior === 'smooth'; }).length"""
    )
    assert moving == 0
