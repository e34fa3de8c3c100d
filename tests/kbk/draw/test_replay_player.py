"""The player in a real browser: what it shows is what the JSON says, by mouse and by keyboard."""

from __future__ import annotations

import json

import pytest
from playing import SLIDER, Open, cells, press, said
from replaying import played

from kbk.draw.replays import Replay


@pytest.mark.parametrize("name", ["transpose", "count"])
def test_cells_show_what_the_json_says(
    open_page: Open, replays: dict[str, Replay], name: str
) -> None:
    replay = replays[name]
    told = json.loads(replay.json())
    opened = open_page(replay._repr_html_())
    count = len(told["steps"]["kind"])
    opened.focus(SLIDER)
    for turn in range(count // 7):
        if turn == 0:
            press(opened, "next", 7)
        elif turn == 1:
            for _ in range(7):
                opened.keyboard.press("ArrowRight")
        else:
            opened.fill(SLIDER, str(7 * turn + 7))
        number = int(said(opened).split()[1])
        state = played(told, number)
        shown = cells(opened)
        assert len(shown) > 100
        for element, (text, look) in shown.items():
            value, writer = state.values.get(element), state.writers.get(element)
            if name == "count":
                assert text == ("" if value is None else str(value)), (number, element)
            else:
                assert text == ("" if writer is None else str(writer)), (number, element)
            assert ("kbk-written" in look) == (writer is not None)
            is_shared = told["arrays"][element[0]]["space"] == "shared"
            assert ("kbk-poison" in look) == (is_shared and value is None)
            assert ("kbk-unseen" in look) == (not is_shared and value is None)
    assert number == count // 7 * 7


def test_the_elements_and_lanes_of_a_step_are_marked(
    open_page: Open, replays: dict[str, Replay]
) -> None:
    told = replays["transpose"].data
    opened = open_page(replays["transpose"]._repr_html_())
    press(opened, "next", 9)  # warp 0 writes its row of the tile
    tile = [each["name"] for each in told["arrays"]].index("tile")
    marked = {key for key, (_, look) in cells(opened).items() if "kbk-at" in look}
    assert marked == {(tile, index) for index in range(32)}
    rows = opened.locator(".kbk-lanes .kbk-row").all_text_contents()
    assert rows[1] == "warp 0" + "W" * 32
    assert rows[2] == "warp 1" + "r" * 32
    assert opened.text_content(".kbk-here code").strip() == (
        "tile[threadIdx.y + k][threadIdx.x] = x[(r + k) * cols + c];"
    )
    assert said(opened).startswith(
        "Step 9 of 129. Warp 0, all 32 lanes write tile[0][0] to tile[0][31] (line 7): "
    )
    press(opened, "next", 3)  # warp 3, whose 32 values end in the next row
    assert "tile[3][0] to tile[3][31]" in said(opened)


def test_sectors_show_what_was_fetched_and_not_asked_for(
    open_page: Open, replays: dict[str, Replay]
) -> None:
    told = replays["transpose"].data
    opened = open_page(replays["transpose"]._repr_html_())
    press(opened, "next", 2)  # x[1, 0] to x[1, 31]: five sectors, since a row has 45 elements
    x = [each["name"] for each in told["arrays"]].index("x")
    looks = {index: look for (array, index), (_, look) in cells(opened).items() if array == x}
    assert "5 sectors, 4 would do" in said(opened)
    lead = told["arrays"][x]["lead"] // 4
    first, last = (45 + lead) // 8 * 8 - lead, (45 + 31 + lead) // 8 * 8 + 7 - lead
    excess = {index for index, look in looks.items() if "kbk-excess" in look}
    assert excess == {*range(first, 45), *range(77, last + 1)}
    assert opened.locator(".kbk-sector").count() == 5


def test_keys_step_jump_and_play(open_page: Open, replays: dict[str, Replay]) -> None:
    opened = open_page(replays["transpose"]._repr_html_())
    opened.focus(SLIDER)

    def after(*keys: str) -> int:
        for key in keys:
            opened.keyboard.press(key)
        return int(said(opened).split()[1]) if said(opened).startswith("Step") else 0

    assert after("ArrowRight") == 1
    assert after("ArrowRight", "ArrowRight", "ArrowLeft") == 2
    assert after("b") == 65
    assert "Barrier 1 (line 8): every thread of the block" in said(opened)
    assert set(opened.locator(".kbk-lanes .kbk-row").nth(3).text_content()[6:]) == {"B"}
    assert after("b") == 129
    assert after("Shift+B") == 65
    assert after("Shift+B") == 0
    assert after("End") == 129
    assert after("Home") == 0
    assert "Before the first step" in said(opened)
    opened.select_option("select >> nth=0", "20")
    opened.focus(SLIDER)
    opened.keyboard.press(" ")
    assert opened.get_attribute("button[data-do=play]", "aria-label") == "Pause"
    assert opened.get_attribute(".kbk-say", "aria-live") == "off"
    opened.wait_for_function(
        "() => Number(document.querySelector('.kbk-say').textContent.split(' ')[1]) > 4"
    )
    opened.keyboard.press(" ")
    assert opened.get_attribute(".kbk-say", "aria-live") == "polite"
    stopped = said(opened)
    opened.wait_for_timeout(200)
    assert said(opened) == stopped
    opened.focus("button[data-do=next]")
    number = int(stopped.split()[1])
    assert after(" ") == number + 1  # the button's own key
    assert after("Enter") == number + 2
    assert opened.get_attribute(SLIDER, "aria-valuetext") == f"Step {number + 2} of 129"


def test_a_step_back_undoes_a_step(open_page: Open, replays: dict[str, Replay]) -> None:
    opened = open_page(replays["count"]._repr_html_())
    seen = [cells(opened)]
    opened.focus(SLIDER)
    for _ in range(63):
        opened.keyboard.press("ArrowRight")
        seen.append(cells(opened))
    for expected in reversed(seen[:-1]):
        opened.keyboard.press("ArrowLeft")
        assert cells(opened) == expected
    assert len({tuple(sorted(each.items())) for each in seen}) > 50


def test_it_plays_to_the_end_and_begins_again(open_page: Open, replays: dict[str, Replay]) -> None:
    opened = open_page(replays["sum"]._repr_html_())
    press(opened, "last")
    press(opened, "previous")
    press(opened, "play")
    opened.wait_for_function(
        "() => document.querySelector('.kbk-say').textContent.includes('42 of')"
    )
    assert opened.get_attribute("button[data-do=play]", "aria-label") == "Play"
    press(opened, "play")
    assert said(opened) == "Step 0 of 42. Before the first step."
    press(opened, "play")


def test_the_slider_and_the_timeline_seek(open_page: Open, replays: dict[str, Replay]) -> None:
    opened = open_page(replays["transpose"]._repr_html_())
    opened.fill(SLIDER, "40")
    assert said(opened).startswith("Step 40 of 129.")
    box = opened.locator(".kbk-timeline svg").bounding_box()
    opened.mouse.click(box["x"] + box["width"] * 64.5 / 129, box["y"] + 5)
    assert said(opened).startswith("Step 65 of 129. Barrier 1")


def test_an_element_tells_its_value_and_who_wrote_it(
    open_page: Open, replays: dict[str, Replay]
) -> None:
    told = replays["transpose"].data
    tile = [each["name"] for each in told["arrays"]].index("tile")
    opened = open_page(replays["transpose"]._repr_html_())
    cell = opened.locator(f"[data-array='{tile}'] [data-index='34']")
    cell.hover()
    assert opened.text_content(".kbk-inspector") == (
        "tile[1][1]: nobody has written it yet: poison, nan. Bank 2."
    )
    cell.click()
    press(opened, "next", 12)
    value = played(told, 12).values[tile, 34]
    assert opened.text_content(".kbk-inspector") == (
        f"tile[1][1] is {value}. Thread 33 (warp 1, lane 1) wrote it in step 10. Bank 2."
    )


def test_every_lane_is_told_in_words(open_page: Open, replays: dict[str, Replay]) -> None:
    opened = open_page(replays["sum"]._repr_html_())
    told = replays["sum"].data["steps"]
    number = told["kind"].index("X")
    opened.click("summary >> text=lane by lane")
    press(opened, "next", number + 1)
    row = opened.locator(".kbk-detail tbody tr").nth(3).locator("td").all_text_contents()
    thread = told["warp"][number] * 32 + 3
    gave, got = told["before"][number][3], told["value"][number][3]
    assert row == ["3", str(thread), "", f"gave {gave}, got {got}"]
    assert "shuffle down (line 3)" in said(opened)
    assert opened.locator(".kbk-caller").count() == 1  # the line that called warp_sum


def test_counters_add_up(open_page: Open, replays: dict[str, Replay]) -> None:
    opened = open_page(replays["transpose"]._repr_html_())
    press(opened, "last")
    rows = opened.locator(".kbk-counters tbody tr").all()
    told = [row.locator("th, td").all_text_contents() for row in rows]
    assert told == [
        ["Global memory, read", "32", "156 sectors", "128"],
        ["Global memory, written", "32", "128 sectors", "128"],
        ["Shared memory, read", "32", "32 wavefronts", "32"],
        ["Shared memory, written", "32", "32 wavefronts", "32"],
        ["Barriers", "1", "", ""],
    ]
