"""The page that reads a file of SGLang: what it shows is its cells' record, and the record is ours.

Sources of our own stand for SGLang's; its text is nowhere in this repository.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from book._ext import execution_cache
from book._ext.kbk_page.reading import measure
from kbk.bench import notebook
from kbk.errors import ArgumentError
from kbk.upstream import checkout as checkouts
from kbk.upstream import page, session, shown, tables
from kbk.upstream.record import Record, newest
from kbk.upstream.session import Session
from kbk.upstream.targets import TARGETS
from tests.book import lightning
from tests.book.test_chapters import prose
from tests.kbk.upstream.fake import make_checkout

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "book/read_sglang.md"
TEXT = PAGE.read_text()
WORDS = " ".join(TEXT.split())


def recorded() -> Session:
    found = session.newest()
    assert found is not None
    return found


def record_of_all() -> Record:
    found = newest(session.FOLDER)
    assert found is not None
    return found


def items(name: str) -> list[Any]:
    return list(recorded().cells[name].items)


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from strings(each)


# --- the record in the repository


def test_the_record_is_of_the_cells_that_the_page_has() -> None:
    asked = {name: session.code_of(code) for name, code in session.marked(PAGE).items()}
    assert {name: cell.code for name, cell in recorded().cells.items()} == asked, (
        "a cell that begins with # checkout has changed: kbk upstream PATH --record"
    )


def test_the_page_gets_the_commit_and_the_folder_that_were_recorded() -> None:
    command = TEXT.split("```bash\n")[1].split("```")[0]
    assert recorded().sglang in command
    assert f"sparse-checkout set {recorded().layout} " in command
    assert f'"{recorded().layout}"' in session.marked(PAGE)["load"]
    assert recorded().file in session.marked(PAGE)["load"]
    assert "no header but torch's and CUDA's" in WORDS


def test_both_records_are_of_one_commit_and_of_all_seven_files() -> None:
    assert record_of_all().sglang == recorded().sglang
    assert [each.key for each in record_of_all().files] == [each.key for each in TARGETS]
    (one,) = (each for each in record_of_all().files if each.path == recorded().file)
    assert (one.sha256, one.lines) == (recorded().sha256, recorded().lines)


@pytest.mark.parametrize("pattern", ["session_*.json", "sglang_*.json"])
def test_no_record_holds_text_of_sglang(pattern: str) -> None:
    paths = list(session.FOLDER.glob(pattern))
    assert paths
    markers = (
        r"Copyright|Licensed under|#include|#define|__global__ (?!read|write|atomic)|__restrict__"
        r"|static_cast|reinterpret|TORCH_CHECK|blockDim|blockIdx|threadIdx|\bauto \w"
        r"|^\s*(for|if) \(|;$|[{}]$"
    )
    for path in paths:
        for text in strings(json.loads(path.read_text())):
            lines = text.splitlines()
            assert [line for line in lines if re.search(markers, line)] == []


def test_what_the_page_concludes_is_what_was_recorded() -> None:
    assert "Both stay within the bound" in TEXT
    errors = re.findall(r"is ([\d.]+) of", items("answer")[0].text)
    assert len(errors) == 2 and all(float(each) <= 1 for each in errors)
    assert "Nothing, for this shape." in TEXT and items("sound")[0].findings == []
    (odd,) = items("odd")[0].findings
    assert odd["kind"] == "misaligned" and "of size 4 bytes" in odd["message"]
    assert "Tensor(a!) output" in items("load")[0].text and "takes seven tensors" in TEXT
    assert "elements of output that were written: 0" in items("wide")[0].text
    assert "48 KiB" in TEXT and "the limit is 49152" in items("wide")[0].text


def test_the_costs_that_the_page_tells_are_those_of_the_table_of_lines() -> None:
    value = {each.name: each.value for each in items("numbers")}
    (table,) = items("lines")
    at = {name: table.head.index(name) for name in ("stores", "sectors", "excess sectors")}
    rows = {row[0].rpartition(":")[2]: row for row in table.rows}
    worst, last, whole = rows[value["sgl_line"]], rows[value["sgl_last"]], rows["the launch"]
    assert whole[at["sectors"]] == value["sgl_sectors"]
    assert worst[at["sectors"]] == value["sgl_read"]
    excess = int(worst[at["excess sectors"]].replace(",", ""))
    assert int(value["sgl_read"].replace(",", "")) - excess == int(
        value["sgl_ideal"].replace(",", "")
    )
    assert value["sgl_ideal"] == value["sgl_written"] and value["sgl_again"] == "1"
    stores = (last[at["stores"]], last[at["sectors"]], whole[at["stores"]])
    assert stores == (value["sgl_stores"], value["sgl_stores"], value["sgl_of_stores"])
    (drawn,) = items("picture")
    assert str(drawn.request["line"]) == value["sgl_line"] and drawn.tensor["name"] == "past_kv"


def test_the_story_of_the_number_is_the_one_that_was_recorded() -> None:
    (told,) = items("explain")
    assert told.headline.startswith("output[0, 1, 0, 2] was written once")
    first = "\n".join(told.rows[:8])
    assert "stored by thread (0, 0, 0) of block (1, 0, 0)" in first and "__syncthreads" in first
    assert re.search(r"thread \(2, 0, 0\).*\n.*which had read (smem.*?){3} and 3 more", first)


def test_every_file_that_ran_has_a_row_and_every_finding_a_meaning() -> None:
    record = record_of_all()
    assert len(tables.verdict_rows(record)) == 7
    for row in tables.finding_rows(record):
        assert re.search(r"\.cuh?:\d+", row[0]) and len(row[2]) > 20 and row[3]
    for row in tables.defect_rows(record):
        assert row[1] and re.fullmatch(r"\d+ of \d+", row[2]) and row[3]
    passed = sum(each.verdict == "pass" for each in record.files)
    assert passed >= 5


# --- the page


def test_the_prose_types_no_number_and_praises_nothing() -> None:
    text = re.sub(r"\$\$.*?\$\$|\$[^$\n]+\$|\bchapter\s+\d\d", "", prose(TEXT), flags=re.DOTALL)
    # 32 bytes of a sector, 48 KiB and 2-byte types are compared above; the others are indices.
    assert set(re.findall(r"\b\d+", text)) <= {"0", "1", "2", "32", "48"}
    praise = r"\b(powerful|amazing|simply|easily|unique|best|fully|seamless\w*|robust)\b"
    assert re.findall(praise, prose(TEXT), re.IGNORECASE) == []
    used = set(re.findall(r"\{glue:text\}`(\w+)`", TEXT))
    assert used == {each.name for each in items("numbers")}


def test_the_page_stands_before_the_map_and_takes_less_than_half_an_hour() -> None:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    files = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    assert files.index("book/read_sglang") + 1 == files.index("book/sglang_map")
    assert measure(TEXT).full.minutes < 30


def test_one_extension_is_built_where_there_is_no_checkout() -> None:
    ours = [code for code in notebook.cells(TEXT) if session.name_of(code) is None]
    assert sum(code.count("PYBIND11_MODULE") for code in ours) == 1
    loads = [code for code in ours if re.search(r"kbk\.load(_inline)?\(", code)]
    assert len(loads) == 2 and "UnsupportedError" in loads[1]


def test_another_checkout_is_a_reason_to_run_pages_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(session.SGLANG, raising=False)
    without = execution_cache.machine()
    monkeypatch.setenv(session.SGLANG, "/somewhere")
    assert execution_cache.machine() != without


def test_the_records_are_not_in_the_wheel() -> None:
    from tools.hatch_build import LEFT_OUT

    left_out = {path for pattern in LEFT_OUT for path in ROOT.glob(pattern)}
    assert set(session.FOLDER.iterdir()) <= left_out


def test_the_built_page_shows_the_records_with_date_and_commit(site: Path) -> None:
    text = (site / "book/read_sglang.html").read_text()
    if "show a record" not in text:
        pytest.skip("the page was built with a checkout")
    words = " ".join(html.unescape(re.sub(r"<[^>]+>", "", text)).split())
    assert words.count(recorded().sentence) == 1 + sum(
        not all(isinstance(each, shown.Glued) for each in cell.items)
        for cell in recorded().cells.values()
    )
    assert tables.told(record_of_all()) in words
    for each in items("numbers"):
        assert each.value in words
    for row in tables.verdict_rows(record_of_all()):
        assert all(cell in words for cell in row)


def test_links_of_the_built_page_lead_to_the_pinned_commit(site: Path) -> None:
    text = (site / "book/read_sglang.html").read_text()
    links = set(re.findall(r'href="https://github\.com/sgl-project/sglang/blob/([^"]+)"', text))
    assert links and all(link.startswith(f"{recorded().sglang}/") for link in links)


def test_figures_of_the_built_page_have_alt_text_and_a_table(site: Path) -> None:
    text = (site / "book/read_sglang.html").read_text()
    figures = re.findall(r"<figure>.*?</details>", text, re.DOTALL)
    assert len(figures) == 1
    assert 'alt="' in figures[0] and "<table>" in figures[0] and "download=" in figures[0]


# --- with a checkout: ours


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout of git with a file of our own that has the same op."""
    return make_checkout(
        tmp_path_factory.mktemp("sglang"), {lightning.FILE: lightning.SOURCE}, git=True
    )


@pytest.fixture(scope="module")
def made(ours: Path) -> Session:
    """The session with it."""
    return session.make(checkouts.find(ours), PAGE)


def test_with_a_checkout_every_marked_cell_runs(made: Session, ours: Path) -> None:
    assert list(made.cells) == list(session.marked(PAGE))
    assert made.sglang == checkouts.find(ours).commit and len(made.sglang) == 40
    for name, cell in made.cells.items():
        assert cell.items, name
    (answer,) = made.cells["answer"].items
    assert isinstance(answer, shown.Text)
    assert all(float(each) <= 1 for each in re.findall(r"is ([\d.]+) of", answer.text))


def test_a_session_has_lines_by_number_and_none_by_text(made: Session) -> None:
    number = 1 + lightning.SOURCE.splitlines().index(f"      {lightning.READ}")
    (table,) = made.cells["lines"].items
    assert isinstance(table, shown.Table)
    assert f"{lightning.FILE}:{number}" in [row[0] for row in table.rows]
    assert lightning.READ not in made.to_json()
    assert session.source_in(made.to_json(), lightning.SOURCE) == []


def test_a_line_of_the_source_in_a_session_is_found(made: Session) -> None:
    leak = shown.Text(f"the reader sees:   {lightning.READ}")
    cells = {**made.cells, "more": session.Cell("", (leak,))}
    leaky = replace(made, cells=cells)
    assert session.source_in(leaky.to_json(), lightning.SOURCE) == [lightning.READ]


def test_a_session_that_holds_a_line_is_not_made(ours: Path, tmp_path: Path) -> None:
    leaky = tmp_path / "page.md"
    leaky.write_text(
        "```{code-cell} ipython3\n# checkout: leak\nimport os\nfrom pathlib import Path\n\n"
        f'print(Path(os.environ["KBK_SGLANG"], "sgl-kernel/{lightning.FILE}").read_text())\n```\n'
    )
    with pytest.raises(ArgumentError, match="must hold no line of"):
        session.make(checkouts.find(ours), leaky)


def test_a_session_is_what_was_saved(made: Session, tmp_path: Path) -> None:
    path = session.save(made, tmp_path / "upstream")
    assert path.name == f"session_{made.sglang[:12]}.json"
    assert session.load(path) == made
    assert session.newest(tmp_path / "upstream") == made


def test_the_newest_session_is_taken(made: Session, tmp_path: Path) -> None:
    later = replace(made, sglang="f" * 40, date="9999-01-01T00:00:00Z")
    session.save(later, tmp_path)
    session.save(made, tmp_path)
    assert session.newest(tmp_path) == later
    assert session.newest(tmp_path / "nothing") is None


def test_a_picture_of_a_record_is_the_picture_of_the_run(made: Session) -> None:
    (drawn,) = made.cells["picture"].items
    assert isinstance(drawn, shown.Drawn)
    picture = drawn.picture()
    assert picture.caption.startswith(f"{lightning.FILE}:") and "load of past_kv" in picture.caption
    assert "32 lanes of 4 bytes each" in picture.caption and "past_kv[0, 0, 0, 0" in picture.alt
    assert picture.svg(dark=False) != picture.svg(dark=True)


def test_without_a_checkout_a_cell_shows_its_record(
    made: Session,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    session.save(made, tmp_path)
    monkeypatch.setattr(session, "FOLDER", tmp_path)
    code = session.marked(PAGE)["lines"]
    exec(page.instead(code), {})
    text = capsys.readouterr().out
    assert made.sentence in text and "the launch" in text and "another text" not in text
    exec(page.instead(code + "\nx = 1"), {})
    assert "another text of this cell" in capsys.readouterr().out
    exec(page.instead("# checkout: nowhere\n"), {})
    assert capsys.readouterr().out == f"{page.ADVICE}\n"


def test_a_cell_without_the_mark_stays_as_it_is() -> None:
    for code in ("x = 1\n", "x = 1\n# checkout: load\n", "# checkout\n", "# checkout: Two words\n"):
        assert page.instead(code) == code


def test_ipython_runs_the_record_instead_of_the_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    from IPython.core.inputtransformer2 import TransformerManager

    manager = TransformerManager()
    manager.cleanup_transforms.append(page._instead)
    code = session.marked(PAGE)["sound"]
    assert manager.transform_cell(code) == page.instead(code)
    assert manager.transform_cell("y = 2\n") == "y = 2\n"


def test_begin_says_what_cells_will_do(
    ours: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(session.SGLANG, str(ours))
    page.begin()
    assert f"run with SGLang {checkouts.find(ours).commit[:12]}" in capsys.readouterr().out
    monkeypatch.delenv(session.SGLANG)
    page.begin()
    assert recorded().sentence in capsys.readouterr().out
    monkeypatch.setenv(session.SGLANG, str(ours / "nowhere"))
    with pytest.raises(ArgumentError, match=r"KBK_SGLANG: PATH must be .* there is no folder"):
        page.begin()


def test_the_command_renews_the_session_with_the_record(
    ours: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from kbk import paths
    from kbk.upstream import command
    from kbk.upstream.record import FileResult

    renewed: list[Path] = []
    monkeypatch.setattr(paths, "MEASUREMENTS", tmp_path)
    monkeypatch.setattr(session, "renew", lambda checkout, folder: renewed.append(folder) or folder)
    result = FileResult("lightning", "", session.FILE, [], verdict="pass")
    base = Record("", 0, {}, "", "", "", [result])
    command._renew_session(checkouts.find(ours), base)
    assert renewed == [tmp_path / "upstream"]
    command._renew_session(checkouts.find(ours), replace(base, files=[]))
    assert len(renewed) == 1
