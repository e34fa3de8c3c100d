"""What `kbk author new` writes: for each kind a small exercise that works. `$name` is filled in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Files:
    """The texts of an exercise.

    Attributes:
        stub, solution, grader: of these files.
        mutant: of the first wrong submission.
        name: of that.
    """

    stub: str
    solution: str
    grader: str
    mutant: str
    name: str


_KERNEL = """\
// $id $title.
//
// $op: out = 2 * x, one thread an element. {ask}
{note}//
//   out, x: float32, any number n of elements, also 0.
//
// Check: kbk check $id

constexpr int kThreads = 256;  // threads a block

{kernel}void $op(Tensor out, const Tensor& x) {{
  KBK_CHECK(x.scalar_type() == ScalarType::Float && x.is_contiguous(),
            "$op: x must be float32 and contiguous; its dtype is ", x.scalar_type(),
            " and its strides are ", x.strides());
  KBK_CHECK(out.scalar_type() == ScalarType::Float && out.is_contiguous() &&
                out.sizes().equals(x.sizes()),
            "$op: out must be like x, ", x.sizes(), "; its shape is ", out.sizes());
  const int64_t n = x.numel();
  if (n == 0) return;
{launch}}}
"""
_BODY = """\
__global__ void ${{op}}_kernel(float* out, const float* x, int64_t n) {{
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
{line}}}

"""
_LAUNCH = """\
  ${{op}}_kernel<<<{blocks}, kThreads, 0, current_stream()>>>(
      out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), n);
"""
_CHUNKS = """\
__global__ void ${op}_kernel(float* out, const float* x, int64_t n) {
  const int64_t thread = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  for (int64_t i = 8 * thread; i < 8 * thread + 8 && i < n; ++i) out[i] = 2 * x[i];
}

"""
_NOTE = "// AUTHOR: {what}\n"
_GUARDED = _BODY.format(line="  if (i < n) out[i] = 2 * x[i];\n")
_ALL = _LAUNCH.format(blocks="(n + kThreads - 1) / kThreads")
_CHUNK_LAUNCH = _LAUNCH.format(blocks="(n + 8 * kThreads - 1) / (8 * kThreads)")

_ASKS = {
    "fill": "Write the body of the kernel.",
    "fix": "Its author tested it with 1,024 elements. Find what it leaves out.",
    "optimise": "It is right, and asks for too many sectors. Change who does what.",
    "build": "Write the kernel and its launch.",
}
_STUBS = {
    "fill": (
        _BODY.format(line="  // TODO: write the element of this thread, where it has one.\n"),
        _ALL,
    ),
    "fix": (
        _GUARDED,
        "  // TODO: this leaves elements out.\n" + _LAUNCH.format(blocks="n / kThreads"),
    ),
    "optimise": (
        "// TODO: a thread works at eight elements side by side; let a warp do so.\n" + _CHUNKS,
        _CHUNK_LAUNCH,
    ),
    "build": ("", "  // TODO: launch a kernel of your own.\n"),
}
_MUTANTS = {
    "no_guard": (
        "threads behind the end are not kept from writing.",
        _BODY.format(line="  out[i] = 2 * x[i];\n"),
    ),
    "without_the_last": (
        "the last element is left out.",
        _BODY.format(line="  if (i < n - 1) out[i] = 2 * x[i];\n"),
    ),
}

_GRADER = '''\
"""$id $title.

Inputs have sizes around a warp and a block.
"""

# AUTHOR: say above what the inputs are for, and from which errors the tolerance follows.

from __future__ import annotations

import random
from collections.abc import Iterator

import torch

from kbk.grade import Case, Exercise, {names}Read, Write, values
from kbk.grade.testing import test_check  # noqa: F401

EXERCISE = Exercise(
    title="$title",
    kind="{kind}",
    stars=1,
    minutes=15,
    points=10,
    functions=("$op",),
    # AUTHOR: say in a sentence or two what to do.
    task="{ask}",
    # AUTHOR: write three hints: the concept, the place, the shape of the fix.
    hints=(
        "Each thread finds its own element from blockIdx, blockDim and threadIdx.",
        "Look at the line that computes the index, and at the number of blocks of the launch.",
        "The number of blocks is rounded up, and threads behind the end do nothing.",
    ),
$reuses{sources}    stub=("{check}", "{verdict}"),
    # AUTHOR: add four wrong kernels, each with the check that stops it, as files beside the first.
    mutants={{
        "{mutant}": "every size",
    }},
)


# AUTHOR: draw inputs that tell a right kernel from each wrong one: specials, views, odd sizes.
def case(rng: random.Random, n: int, **options: object) -> Case:
    x = values.uniform(rng, n)
    return Case(
        "$op",
        Write(torch.empty_like(x), "out"),
        Read(x, "x"),
        expect=lambda: 2 * x.double(),
        label=f"n = {{n:,}}",
        **options,  # type: ignore[arg-type]
    )

{checks}'''
_THEIR_TEST = """
@EXERCISE.check("their test", points=0)
def their_test(rng: random.Random) -> Iterator[Case]:
    yield case(rng, 1024)

"""
_SIZES = """
@EXERCISE.check("every size", points={points})
def every_size(rng: random.Random) -> Iterator[Case]:
    for n in ({sizes}):
        yield case(rng, n)

"""
_EMPTY = """
@EXERCISE.check("no elements", points={points})
def no_elements(rng: random.Random) -> Iterator[Case]:
    yield case(rng, 0, launches=0)
"""
_COST = """

@EXERCISE.check("excess sectors", points=6, gate=True)
def excess_sectors(rng: random.Random) -> Iterator[Case]:
    # AUTHOR: choose the counter; `kbk author check` says what stub and solution count.
    excess = Gate(
        "excess_sectors",
        target=0,
        baseline=2 * 256 * 28,  # of x and out: 32 sectors a request where 4 would do
        why="Neighbouring lanes do not ask for neighbouring bytes.",
    )
    yield case(rng, 8192, gates=(excess,))
"""
_SIZE_LIST = "1, 31, 32, 33, 1000, 4099"


def _kernel_files(kind: str) -> Files:
    mutant = "without_the_last" if kind == "optimise" else "no_guard"
    mistake, wrong = _MUTANTS[mutant]

    def text(parts: tuple[str, str], note: str = "") -> str:
        noted = _NOTE.format(what=note) if note else ""
        kernel, launch = parts
        return _KERNEL.format(ask=_ASKS[kind], note=noted, kernel=kernel, launch=launch)

    fix, fast = kind == "fix", kind == "optimise"
    checks = (
        (_THEIR_TEST if fix else "")
        + _SIZES.format(points=3 if fast else 8, sizes="257, 1000, 4099" if fix else _SIZE_LIST)
        + _EMPTY.format(points=1 if fast else 2)
        + (_COST if fast else "")
    )
    note = "    # AUTHOR: cite the issue that the bug was found in.\n"
    issue = '    sources=("https://github.com/sgl-project/sglang/issues/1",),\n'
    grader = _GRADER.format(
        kind=kind,
        ask=_ASKS[kind],
        names="Gate, " if fast else "",
        sources=note + issue if fix else "",
        check="excess sectors" if fast else "every size",
        verdict="too-much-traffic" if fast else "uninitialized",
        mutant=mutant,
        checks=checks,
    )
    return Files(
        stub=text(_STUBS[kind], "replace the op; give all that the task is not about."),
        solution=text((_GUARDED, _ALL), "solve it with as few changes of the stub as possible."),
        grader=grader,
        mutant=f"// Mistake: {mistake}\n$old\n" + text((wrong, _ALL)),
        name=mutant,
    )


_PREDICTION = '''\
"""$id $title.

How many requests store n elements, one a thread, and with which lanes?

{note}Check with `kbk check $id`.
"""

from __future__ import annotations


def $op(n: int) -> int:
    """The requests in which the warps of a launch store n elements, one a thread."""
{count}

def ${{op}}_lanes(n: int) -> list[tuple[int, int]]:
    """Draw them: a pair (request, lanes that take part) for each, in order, from 0 on."""
{draw}'''
_ROWS = "    return [(w, min(32, n - 32 * w)) for w in range(-(-n // 32))]\n"
_PREDICT_GRADER = '''\
"""$id $title.

What is right is read from the trace of a kernel that stores n elements.
"""

# AUTHOR: say above which settings are drawn, and what the kernel of the probe does.

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from kbk.grade import Ask, Exercise, Probe
from kbk.grade.probe import Traced, lanes
from kbk.grade.testing import test_check  # noqa: F401

EXERCISE = Exercise(
    title="$title",
    kind="predict",
    stars=1,
    minutes=10,
    points=10,
    functions=("$op", "${op}_lanes"),
    # AUTHOR: say in a sentence or two what to predict.
    task="Say how many requests store n elements, and how many lanes take part in each.",
    # AUTHOR: write three hints: the concept, the place, the shape of the answer.
    hints=(
        "A warp stores together: one request of 32 lanes, or of as many as have an element.",
        "Count warps in the first function; in the second one look at the last warp.",
        "Round n / 32 up; the last request has what the others leave, at most 32.",
    ),
$reuses    stub=("requests", "wrong-answer"),
    # AUTHOR: add four wrong answers, each with the check that stops it, as files beside the first.
    mutants={
        "rounds_down": "requests",
    },
)

# AUTHOR: write a kernel whose trace shows the answer; each launch is one setting.
PROBE = Probe(
    "$op",
    r"""
__global__ void store_k(int* out, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = i;
}

void store_first(Tensor out, const HostTensor& counts) {
  const int64_t* n = static_cast<const int64_t*>(counts.data_ptr());
  for (int64_t i = 0; i < counts.numel(); ++i)
    store_k<<<n[i] / 64 + 1, 64>>>(out.mutable_data_ptr<int>(), int(n[i]));
}
""",
    ["store_first"],
)
MOST = 500


def call(settings: Sequence[tuple[Any, ...]]) -> tuple[torch.Tensor, ...]:
    return torch.zeros(MOST, dtype=torch.int32), torch.tensor([n for (n,) in settings])


def counts(rng: random.Random) -> Iterator[tuple[int]]:
    yield from ((n,) for n in (0, 1, 31, 32, 33))
    for _ in range(115):
        yield (rng.randint(1, MOST),)


def made(launch: Traced) -> int:
    return len(launch.stores("out"))


def drawing(launch: Traced) -> list[tuple[int, int]]:
    return [(i, len(each)) for i, each in enumerate(lanes(launch.stores("out")))]


@EXERCISE.check("requests", points=5)
def requests(rng: random.Random) -> Iterator[Ask]:
    ask, settings = "$op", counts(rng)
    yield from PROBE.asks(ask, settings, runs="store_first", call=call, answer=made)


@EXERCISE.check("drawing", points=5)
def drawn(rng: random.Random) -> Iterator[Ask]:
    ask, settings = "${op}_lanes", [(200,), *counts(rng)]
    yield from PROBE.asks(ask, settings, runs="store_first", call=call, answer=drawing)
'''


def _prediction_files() -> Files:
    def text(count: str, draw: str, note: str = "") -> str:
        noted = f"AUTHOR: {note}\n" if note else ""
        return _PREDICTION.format(note=noted, count=count, draw=draw)

    return Files(
        stub=text(
            "    # TODO: these two functions are right for no elements only.\n    return n\n",
            "    return []\n",
            "say what happens, so that it can be predicted from these lines.",
        ),
        solution=text(
            "    return -(-n // 32)\n",
            _ROWS,
            "solve it.",
        ),
        grader=_PREDICT_GRADER,
        mutant="# Mistake: a last warp that is not full is not counted.\n$old\n"
        + text("    return n // 32\n", _ROWS),
        name="rounds_down",
    )


def files(kind: str) -> Files:
    """The texts of a kind of exercise, in which `$id`, `$op` and others are to be filled in."""
    return _prediction_files() if kind == "predict" else _kernel_files(kind)
