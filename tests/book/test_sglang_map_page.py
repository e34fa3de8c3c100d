"""The map of SGLang's kernels: the file is sound, and the page shows what it says."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.book.test_chapters import prose
from tools.sglang_map import figures, hand, layout, page
from tools.sglang_map.__main__ import NEW, OLD

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "book/sglang_map.md").read_text()
TOLD = page.load()
OPS = {op["name"]: op for op in TOLD["ops"]}

# What `sgl_kernel` calls the ops of the chapters with a ladder of their own.
NAMES = {
    "01": ["copy_to_gpu_no_ce"],
    "02": ["silu_and_mul", "gelu_and_mul", "gelu_tanh_and_mul"],
    "03": ["apply_rope_with_cos_sin_cache_inplace"],
    "04": ["rmsnorm", "fused_add_rmsnorm", "gemma_rmsnorm", "gemma_fused_add_rmsnorm"],
    "05": ["lightning_attention_decode"],
    "06": ["merge_state", "merge_state_v2"],
    "07": ["topk_softmax", "topk_sigmoid"],
    "08": ["fast_topk_v2", "fast_topk_transform_fused", "fast_topk_transform_ragged_fused"],
}
FILE = {
    **{"path": str, "kind": str, "directory": str, "lines": int, "kernels": int},
    **{"text": list, "parts": list, "libraries": list, "ops": list},
}


def test_the_file_is_of_the_commits_that_the_tool_names() -> None:
    assert TOLD["schema"] == 1
    assert (TOLD["old"]["commit"], TOLD["new"]["commit"]) == (OLD, NEW)
    assert TOLD["old"]["date"] < TOLD["new"]["date"]


def test_the_file_is_sorted_and_formatted_as_the_tool_writes_it() -> None:
    assert page.DATA.read_text() == json.dumps(TOLD, indent=1, sort_keys=True) + "\n"
    assert list(OPS) == sorted(OPS) and len(OPS) == len(TOLD["ops"])
    for side in ("then", "now"):
        paths = [file["path"] for file in TOLD[side]]
        assert paths == sorted(set(paths))


@pytest.mark.parametrize("side", ["then", "now"])
def test_each_file_has_all_fields_and_lies_in_a_folder_of_kernels(side: str) -> None:
    for file in TOLD[side]:
        assert {key: type(value) for key, value in file.items() if key != "fate"} == FILE
        assert re.fullmatch(r"[\w./+-]+\.(cuh?|h|hpp|inl)", file["path"])
        assert ".." not in file["path"] and layout.home(file["path"])
        assert file["kind"] == layout.kind(file["path"])
        assert file["directory"] == layout.directory(file["path"])
        assert not layout.other_platform(file["path"])
        assert file["lines"] > 0 and 0 <= file["kernels"] <= file["lines"]
        assert file["text"] and file["ops"] == sorted(set(file["ops"]))


def test_where_a_file_went_is_a_file_of_the_later_commit_or_nowhere() -> None:
    now = {file["path"] for file in TOLD["now"]}
    for file in TOLD["then"]:
        fate = file["fate"]
        assert fate["kind"] in ("AOT", "JIT", "Triton", "removed")
        assert bool(fate["paths"]) == (fate["kind"] != "removed")
        if fate["kind"] == "Triton":
            assert all(path.endswith(".py") for path in fate["paths"])
        else:
            assert set(fate["paths"]) <= now
        if "left" in fate:
            in_between(fate["left"])


def in_between(left: dict[str, Any]) -> None:
    assert re.fullmatch(r"[0-9a-f]{40}", left["commit"]) and left["pull"] > 0
    assert TOLD["old"]["date"] <= left["date"] <= TOLD["new"]["date"]


def test_each_op_has_one_place_then_and_the_fate_that_its_places_now_tell() -> None:
    then = {file["path"]: file for file in TOLD["then"]}
    now = {file["path"] for file in TOLD["now"]}
    for name, op in OPS.items():
        assert ("file" in op) != ("outside" in op), name
        if "file" in op and not op["file"].endswith(".cpp"):
            assert name in then[op["file"]]["ops"]
        places = op["now"]
        assert set(places["jit"]) <= now
        assert all(path.startswith(layout.JIT) for path in places["triton"])
        jit = bool(places["jit"])
        if "aot" in places:
            assert op["fate"] == ("AOT and JIT" if jit else "AOT") and "left" not in op
        else:
            assert op["fate"] == ("JIT" if jit else "Triton" if places["triton"] else "removed")
            in_between(op["left"])


def test_the_ops_of_files_and_the_ops_add_up() -> None:
    counted = page.count(TOLD)
    fates = [counted[f"ops_{fate.lower().replace(' ', '_')}"] for fate in page.FATES]
    assert sum(map(int, fates)) == int(counted["ops"]) == len(OPS)
    ahead = [op for file in TOLD["then"] if file["kind"] == "aot" for op in file["ops"]]
    assert len(ahead) == len(set(ahead))
    elsewhere = [n for n, op in OPS.items() if "outside" in op or op["file"].endswith(".cpp")]
    assert sorted([*ahead, *elsewhere]) == sorted(OPS)
    rows = figures.directory_rows(TOLD)
    for side, columns in (("then", (0, 1)), ("now", (2, 3))):
        assert sum(numbers[i] for _, numbers in rows for i in columns) == page.lines(TOLD[side])


@pytest.mark.parametrize("number", NAMES)
def test_every_op_of_a_chapter_is_on_the_map_by_its_name_in_python(number: str) -> None:
    for name in NAMES[number]:
        found = [op for op in OPS.values() if name == op["name"] or name in op["python"]]
        assert [op["chapter"] for op in found] == [number]


def test_the_chapters_of_the_map_are_those_of_the_book() -> None:
    table = (ROOT / "book/index.md").read_text()
    for number, title in TOLD["chapters"].items():
        assert re.search(rf"^\| {number} \| \[?{re.escape(title)}\b", table, re.MULTILINE)
    ops = [op for _, names in hand.CHAPTERS.values() for op in names]
    assert len(ops) == len(set(ops))
    assert {name for name, op in OPS.items() if "chapter" in op} == set(ops)


@pytest.mark.parametrize(
    "name, file, fate, kernel",
    [
        # Read by hand in both commits.
        ("copy_to_gpu_no_ce", "elementwise/copy.cu", "AOT", ["SGLang"]),
        ("silu_and_mul", "elementwise/activation.cu", "AOT and JIT", ["FlashInfer"]),
        ("apply_rope_pos_ids_cos_sin_cache", "elementwise/rope.cu", "JIT", ["FlashInfer"]),
        ("rmsnorm", "", "AOT and JIT", ["FlashInfer"]),
        (
            "lightning_attention_decode",
            "attention/lightning_attention_decode_kernel.cu",
            "removed",
            ["SGLang"],
        ),
        ("merge_state", "attention/cascade.cu", "Triton", ["FlashInfer"]),
        ("fast_topk", "elementwise/topk.cu", "AOT", ["TileLang"]),
        (
            "topk_softmax",
            "moe/moe_topk_softmax_kernels.cu",
            "AOT and JIT",
            ["TensorRT-LLM", "vLLM"],
        ),
        ("fp8_scaled_mm", "gemm/fp8_gemm_kernel.cu", "AOT", ["CUTLASS"]),
    ],
)
def test_a_few_ops_are_what_a_reader_of_the_sources_finds(
    name: str, file: str, fate: str, kernel: list[str]
) -> None:
    op = OPS[name]
    assert op.get("file", "") == (f"sgl-kernel/csrc/{file}" if file else "")
    assert (op["fate"], op["kernel"]) == (fate, kernel)


@pytest.mark.parametrize(
    "op, pull, date",
    [
        ("lightning_attention_decode", 13819, "2025-11-24"),
        ("apply_rope_pos_ids_cos_sin_cache", 20277, "2026-03-14"),
        ("merge_state", 21528, "2026-04-01"),
        ("moe_fused_gate", 29997, "2026-07-07"),
        ("fp8_blockwise_scaled_mm", 30438, "2026-07-14"),
    ],
)
def test_an_op_left_with_the_pull_request_that_took_it_out(op: str, pull: int, date: str) -> None:
    assert (OPS[op]["left"]["pull"], OPS[op]["left"]["date"]) == (pull, date)


def test_the_wrappers_that_the_page_names_launch_kernels_of_flashinfer() -> None:
    then = {Path(file["path"]).name: file for file in TOLD["then"]}
    for name in ("activation.cu", "fused_add_rms_norm_kernel.cu"):
        assert f"`{name}`" in TEXT
        assert (then[name]["kernels"], then[name]["libraries"]) == (0, ["FlashInfer"])
    assert then["rope.cu"]["kernels"] == 0
    assert then["pos_enc.cuh"]["kernels"] == 2 and then["pos_enc.cuh"]["text"] == ["FlashInfer"]
    for name in ("rmsnorm", "gemma_rmsnorm", "gemma_fused_add_rmsnorm"):
        assert OPS[name]["outside"]["project"] == "FlashInfer"


def test_the_file_holds_no_text_of_others() -> None:
    def strings(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [*value, *(s for each in value.values() for s in strings(each))]
        if isinstance(value, list):
            return [s for each in value for s in strings(each)]
        return [value] if isinstance(value, str) else []

    allowed = {*page.FATES, *TOLD["chapters"].values(), "Tri Dao"}
    assert [s for s in set(strings(TOLD)) - allowed if re.search(r"\s|[;{}()]", s)] == []


def test_the_map_is_not_in_the_wheel() -> None:
    from tools.hatch_build import FOLDERS

    assert not any(page.DATA.is_relative_to(ROOT / folder) for folder in (*FOLDERS, "kbk"))


def test_the_prose_types_no_number_and_praises_nothing() -> None:
    words = prose(re.sub(r"\{glue:text\}`\w+`", "", TEXT))
    assert re.findall(r"\d+", re.sub(r"chapter\s+\d\d", "", words)) == []
    assert set(re.findall(r"\{glue:text\}`(\w+)`", TEXT)) <= set(page.count(TOLD))
    praise = r"\b(powerful|amazing|simply|easily|unique|best|fully|seamless\w*|robust)\b"
    assert re.findall(praise, words, re.IGNORECASE) == []


def test_the_earlier_commit_is_the_last_one_with_the_kernel_of_chapter_05() -> None:
    assert "the last one before the kernel of\nchapter 05 was removed" in TEXT
    left = [op["left"]["date"] for op in TOLD["ops"] if "left" in op]
    (name,) = (name for name, op in OPS.items() if op.get("chapter") == "05")
    assert OPS[name]["left"]["date"] == min(left) == TOLD["old"]["date"]


def test_the_fates_of_the_page_are_those_of_the_map() -> None:
    table = TEXT.split("| fate |")[1].split("\n\n")[0]
    assert re.findall(r"^\| (\w[\w ]*?) \|", table, re.MULTILINE) == list(page.FATES)
    assert "one of five fates" in TEXT and len(page.FATES) == 5


def test_a_chapter_is_linked_when_its_page_is_there(tmp_path: Path) -> None:
    (tmp_path / "01_copy.md").write_text("# 01 Copy\n")
    shown = page.chapters_html(TOLD, tmp_path)
    assert '<a href="01_copy.html">01 Copy</a>' in shown
    assert "02 Activation (coming)" in shown and "02_" not in shown


def test_figures_say_in_words_and_in_a_table_what_they_show() -> None:
    for picture in (figures.fates(TOLD), figures.by_directory(TOLD)):
        assert len(picture.caption) > 40 and len(picture.rows) > 1
        for row in picture.rows:
            assert str(row[0]) in picture.alt
        light, dark = picture.svg(dark=False), picture.svg(dark=True)
        assert light.startswith("<svg") and light != dark
    boxes = Counter(fate for fate, *_ in figures.fates(TOLD).rows)
    assert list(boxes) == list(page.FATES)


def built(site: Path) -> str:
    return (site / "book/sglang_map.html").read_text()


def test_the_built_page_shows_every_op_of_a_chapter_and_every_file(site: Path) -> None:
    text = html.unescape(built(site).replace("<wbr>", ""))
    for name, op in OPS.items():
        assert not op.get("chapter") or f"<code>{name}</code>" in text
    for side, key in (("then", "old"), ("now", "new")):
        at = TOLD[key]["commit"]
        missing = [f for f in TOLD[side] if f"/blob/{at}/{f['path']}" not in text]
        assert missing == []


def test_the_built_page_has_the_numbers_of_the_map(site: Path) -> None:
    words = " ".join(re.sub(r"<[^>]+>", "", built(site)).split())
    counted = page.count(TOLD)
    assert f"there were {counted['then_files']} CUDA files" in words
    assert f"Now there are {counted['now_lines']}, and {counted['now_jit_lines']} are JIT" in words


def test_each_figure_of_the_built_page_has_caption_alt_text_and_a_table(site: Path) -> None:
    found = re.findall(r"<figure>.*?</details>", built(site), re.DOTALL)
    assert len(found) == 2
    for figure in found:
        assert re.search(r"<figcaption[^>]*>[^<]{40,}</figcaption>", figure)
        assert 'alt="' in figure and "<table>" in figure and "download=" in figure


def test_links_of_the_built_page_lead_to_pinned_commits_only(site: Path) -> None:
    links = re.findall(r'href="https://github\.com/([^"]+)"', built(site))
    pinned = r"[\w.-]+/[\w.-]+/(?:blob|commit)/[0-9a-f]{40}(?:/.*)?|sgl-project/sglang/pull/\d+"
    others = {link for link in links if not re.fullmatch(pinned, link)}
    assert others <= {"sgl-project/sglang", "flashinfer-ai/flashinfer"}


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_the_tool_says_how_it_is_used() -> None:
    run = [sys.executable, "-m", "tools.sglang_map", "--help"]
    shown = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "checkout" in shown and "--old" in shown and "--new" in shown
