"""The verb: its exit status, what it prints and what it writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kbk import cli
from kbk.upstream import record as records
from tests.kbk.upstream.fake import COPY, copy_source, make_checkout


def kbk(*arguments: object):
    return CliRunner().invoke(cli.app, ["upstream", *map(str, arguments)])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "PATH must be a checkout of SGLang; it was not given."),
        (("/nowhere",), "there is no folder /nowhere"),
        ((".", "--only", "gemm"), "--only must name files of copy"),
        ((".", "--only", ","), "it was empty"),
        (("{checkout}", "--flashinfer", "/nowhere"), "--flashinfer must be a checkout"),
        (("{checkout}", "--record"), "--record must know the commit"),
        (("{checkout}", "--seed", "-1"), "seed"),
    ],
)
def test_an_argument_that_means_nothing_ends_with_status_2(arguments, says: str, tmp_path: Path):
    root = make_checkout(tmp_path / "sglang", {})
    result = kbk(*(str(each).format(checkout=root) for each in arguments))
    assert result.exit_code == 2
    assert says in result.output


def test_the_list_says_what_there_is_and_what_is_missing(tmp_path: Path):
    plain = kbk("--list")
    assert plain.exit_code == 0
    assert "elementwise/copy.cu: copy_to_gpu_no_ce" in plain.output
    root = make_checkout(tmp_path, {COPY: copy_source()})
    lines = kbk(root, "--list").output.splitlines()
    assert [line.endswith("(missing)") for line in lines] == [False] + 6 * [True]


def test_files_that_are_not_there_end_with_status_1(tmp_path: Path, no_headers):
    root = make_checkout(tmp_path, {})
    result = kbk(root, "--only", "copy,quant")
    assert result.exit_code == 1
    assert "there is no csrc/elementwise/copy.cu" in result.output
    assert [line.split()[:2] for line in result.output.splitlines()[-2:]] == [
        ["copy", "missing"],
        ["quant", "missing"],
    ]


def test_what_passes_ends_with_status_0_and_is_written_and_recorded(
    tmp_path: Path, monkeypatch, no_headers, ran
):
    ran(copy_source())  # so that it is built
    monkeypatch.setattr("kbk.paths.MEASUREMENTS", tmp_path / "measurements")
    root = make_checkout(tmp_path / "sglang", {COPY: copy_source()}, git=True)
    file = tmp_path / "outcome.json"
    result = kbk(root, "--only", "copy", "--json", file, "--record")
    assert result.exit_code == 0, result.output
    assert "pass: 6 of 6 calls right, also in another order of threads" in result.output
    assert "kbk.sanitize: nothing found" in result.output
    assert "kbk.profile: 72 ints" in result.output
    written = records.from_dict(json.loads(file.read_text()))
    (path,) = (tmp_path / "measurements/upstream").iterdir()
    assert records.load(path) == written.without_excerpts()
    assert path.name == f"sglang_{written.sglang[:12]}.json"
