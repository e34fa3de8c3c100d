"""Addresses become `x[3, 5]` and `tile[3][17]`, and bits become values."""

from __future__ import annotations

import itertools
import struct
from pathlib import Path

import pytest
import torch
from by_hand import build, memory, shared, tensor
from hypothesis import given, settings
from hypothesis import strategies as st

from kbk.sanitizer.memory import argument_of
from kbk.sanitizer.names import Name, name_of
from kbk.sanitizer.tensors import Allocation, Argument, element
from kbk.sanitizer.values import decode


def near(argument: Argument, address: int, nbytes: int = 4) -> Name:
    """The name of an address that lies in no argument."""
    return name_of(memory(address, nbytes), [argument], outside=True)


def test_an_element_is_named_by_its_index() -> None:
    x = tensor("x", (4, 8))
    name = name_of(memory(x.data + 4 * 29), [x])
    assert (name.variable, name.index, name.where) == ("x", (3, 5), "x[3, 5]")
    assert name.relation == "in x, float32[4, 8]"
    assert name.dtype == "float32"


@pytest.mark.parametrize(
    ("shape", "strides"),
    [
        ((), ()),
        ((7,), (1,)),
        ((7,), (3,)),
        ((3, 5), (5, 1)),
        ((3, 5), (1, 3)),
        ((3, 5), (16, 1)),
        ((3, 5), (40, 7)),
        ((2, 3, 4), (1, 8, 2)),
        ((2, 1, 4), (4, 999, 1)),
        ((2, 3, 2, 3), (18, 6, 3, 1)),
        ((2, 2, 2, 2, 2), (1, 2, 4, 8, 16)),
        ((1, 1, 1, 1, 1), (5, 4, 3, 2, 1)),
    ],
)
def test_every_element_of_a_view_has_its_own_index(
    shape: tuple[int, ...], strides: tuple[int, ...]
) -> None:
    x = tensor("x", shape, strides, offset=3, nbytes=4096)
    for index in itertools.product(*map(range, shape)):
        offset = sum(i * step for i, step in zip(index, strides, strict=True))
        for byte in range(4):
            assert element(x, x.data + 4 * offset + byte) == index


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 9)), max_size=5),
    st.integers(-5, 200),
)
def test_an_index_leads_back_to_its_address(dims: list[tuple[int, int]], offset: int) -> None:
    shape, strides = tuple(n for n, _ in dims), tuple(step for _, step in dims)
    x = tensor("x", shape, strides, nbytes=1 << 16)
    reached = {
        sum(i * step for i, step in zip(index, strides, strict=True))
        for index in itertools.product(*map(range, shape))
    }
    index = element(x, x.data + 4 * offset)
    assert (index is not None) == (offset in reached)
    if index is not None:
        assert sum(i * step for i, step in zip(index, strides, strict=True)) == offset
        assert all(0 <= i < n for i, n in zip(index, shape, strict=True))


def test_an_overlapping_view_of_many_dimensions_costs_no_time() -> None:
    x = tensor("x", (64,) * 8, (7, 11, 13, 17, 19, 23, 29, 31), nbytes=1 << 20)
    name = name_of(memory(x.data + 4 * 3), [x])
    assert name.index is None


def test_torchs_own_views_are_named() -> None:
    base = torch.arange(60.0).reshape(6, 10)
    for view in (base, base.t(), base[1:4, 2:9:3], base[:, :1].expand(6, 5), base[2], base[2, 3]):
        x = argument_of("x", view)
        for index in itertools.product(*map(range, view.shape)):
            address = view[index].data_ptr()
            found = name_of(memory(address), [x]).index
            assert found is not None
            assert view[found].data_ptr() == address


def test_an_expanded_dimension_says_so() -> None:
    x = tensor("x", (3, 5), (0, 1))
    name = name_of(memory(x.data + 8), [x])
    assert (name.index, name.where, name.expanded) == ((0, 2), "x[0, 2]", True)


def test_the_first_address_after_a_tensor_is_one_index_past() -> None:
    x = tensor("x", (1000,))
    name = near(x, x.data + 4000)
    assert (name.where, name.index) == ("x[1000]", (1000,))
    assert name.relation == "0 bytes after the end of x, float32[1000]"
    assert near(x, x.data + 4004).relation == "4 bytes after the end of x, float32[1000]"


def test_an_address_before_a_tensor_has_a_negative_index() -> None:
    x = tensor("x", (4, 8))
    assert near(x, x.data - 4).where == "x[-1, 7]"
    assert near(x, x.data - 4).relation == "4 bytes before the start of x, float32[4, 8]"


def test_a_row_past_the_end_goes_on_in_the_first_dimension() -> None:
    assert near(tensor("x", (4, 8)), 0x100000 + 4 * 33).where == "x[4, 1]"
    assert near(tensor("x", (1, 8)), 0x100000 + 4 * 8).where == "x[0, 8]"
    assert near(tensor("x", (1, 1)), 0x100000 + 4).where == "x[0, 1]"


def test_a_transposed_tensor_has_no_index_past_its_end() -> None:
    name = near(tensor("x", (4, 8), (1, 4)), 0x100000 + 4 * 32)
    assert (name.variable, name.index) == ("x", None)
    assert "0 bytes after the end of x" in name.relation


def test_a_scalar_tensor_has_no_index_outside() -> None:
    x = tensor("x", ())
    assert name_of(memory(x.data), [x]).where == "x"
    assert near(x, x.data + 4).index is None
    assert near(x, x.data + 4).relation == "0 bytes after the end of x, float32[]"


def test_a_huge_index_is_still_told() -> None:
    x = tensor("x", (10,))
    assert near(x, x.data + 4 * 100_000).where == "x[100000]"
    known = memory(x.data + 4 * 100_000_000, beyond=0)
    assert name_of(known, [x], outside=True).where == "x[100000000]"


def test_a_tensor_far_off_lends_no_name() -> None:
    x = tensor("x", (10,))
    far = near(x, x.data + 40 + (1 << 30))
    assert (far.variable, far.index) == (None, None)
    assert far.where.endswith("in no tensor of the call")  # it works on a copy elsewhere
    large = tensor("x", (1 << 25,))
    far = near(large, large.data + (1 << 27) + (1 << 30))
    assert far.relation == "1,073,741,824 bytes after the end of x, the nearest memory"


def test_the_runtime_may_know_better_which_tensor_was_left() -> None:
    x, y = tensor("x", (10,)), tensor("y", (10,), storage=0x100028)
    here = memory(x.data + 40, beyond=0)
    assert name_of(here, [x, y], outside=True).where == "x[10]"
    numbered = [tensor("x", (10,), number=2), tensor("y", (10,), storage=0x100028, number=5)]
    here = memory(x.data + 40, beyond=5)
    assert name_of(here, numbered, outside=True).where == "y[0]"
    assert name_of(memory(x.data + 40, beyond=9), numbered, outside=True).variable == "x"


def test_an_address_outside_is_not_named_by_the_tensor_that_lies_there() -> None:
    x, y = tensor("x", (10,)), tensor("y", (10,), storage=0x100028)
    assert name_of(memory(x.data + 40), [x, y], outside=True).where == "x[10]"


def test_an_empty_tensor_is_named() -> None:
    for shape in ((0,), (0, 8), (8, 0), (2, 0, 3)):
        x = tensor("x", shape)
        name = near(x, x.data)
        assert name.variable == "x"
        assert "0 bytes after the end of x" in name.relation
        assert name.extent == "x has no elements."
    assert near(tensor("x", (0,), storage=0), 12).where == "x[3]"


def test_a_null_pointer_is_called_so() -> None:
    x = tensor("x", (10,), storage=0x7F0000000000)
    for address in (0, 16, (1 << 64) - 4):
        name = near(x, address)
        assert name.variable is None
        assert "null pointer" in name.where
    assert "null pointer" in name_of(memory(0), []).where


def test_without_arguments_an_address_stays_a_number() -> None:
    assert name_of(memory(0x12345678), []).where == "0x12345678, in no tensor of the call"


def test_a_vector_that_ends_outside_is_told_by_its_first_element() -> None:
    x = tensor("x", (10,))
    name = near(x, x.data + 32, 16)
    assert name.where == "x[8]"
    assert "of its 16 bytes the last 8 are after the end of x" in name.relation


def test_bytes_inside_an_element_are_told() -> None:
    x = tensor("x", (10,))
    name = name_of(memory(x.data + 6, 1), [x])
    assert (name.where, name.address, name.byte) == ("x[1]", "byte 2 of x[1]", 2)
    assert name.relation == "in x, float32[10]"


def test_a_gap_of_a_view_is_no_element() -> None:
    x = tensor("x", (4, 8), (16, 1), nbytes=4096)
    name = name_of(memory(x.data + 4 * 9), [x])
    assert (name.variable, name.index, name.where) == ("x", None, "2 elements after x[0, 7]")
    assert "in a gap between the elements of x, float32[4, 8] with strides (16, 1)" in name.relation


def test_storage_around_a_view_is_told() -> None:
    x = tensor("x", (8,), offset=4, nbytes=4096)
    after, before = name_of(memory(x.data + 32), [x]), name_of(memory(x.data - 4), [x])
    assert after.where == "x[8]"
    assert after.relation.endswith("0 bytes after the end of x, float32[8], still in its storage "
                                   "of 4,096 bytes")  # fmt: skip
    assert before.where == "x[-1]"
    assert "still in its storage" in before.relation


def test_of_two_views_of_one_storage_the_one_with_an_element_there_is_named() -> None:
    left = tensor("left", (8,), nbytes=64)
    right = tensor("right", (8,), offset=8, nbytes=64)
    assert name_of(memory(0x100000 + 4), [left, right]).where == "left[1]"
    assert name_of(memory(0x100000 + 36), [left, right]).where == "right[1]"


def test_of_two_equal_views_the_first_is_named_and_for_a_write_the_writable_one() -> None:
    x, out = tensor("x", (8,), writable=False), tensor("out", (8,))
    assert name_of(memory(x.data), [x, out]).variable == "x"
    assert name_of(memory(x.data), [x, out], writes=True).variable == "out"


def test_small_and_large_elements_are_counted_by_their_size() -> None:
    for itemsize, dtype in ((1, "uint8"), (2, "bfloat16"), (8, "int64"), (16, "complex128")):
        x = tensor("x", (5,), itemsize=itemsize, dtype=dtype)
        assert near(x, x.data + 5 * itemsize, itemsize).where == "x[5]"
        assert name_of(memory(x.data + 4 * itemsize, itemsize), [x]).where == "x[4]"


def test_memory_of_the_cpu_is_told() -> None:
    x = tensor("sizes", (3,), dtype="int64", itemsize=8, is_host=True)
    assert name_of(memory(x.data + 8, 8, "host"), [x]).where == "sizes[1]"
    assert name_of(memory(0x7FFC0000, 4, "host"), [x]).where == "0x7ffc0000, memory of the CPU"


def test_allocations_are_named_by_their_label() -> None:
    plain = Allocation("allocation 1 of the host function", 0x50000, 400)
    name = name_of(memory(0x50000 + 40), [], [plain])
    assert name.where == "byte 40 of allocation 1 of the host function"
    over = name_of(memory(0x50000 + 400), [], [plain], outside=True)
    assert over.relation == "0 bytes after the end of allocation 1 of the host function, 400 bytes"
    label = "allocation 1 of the host function"
    shaped = Allocation(label, 0x50000, 400, "float32", (100,))
    assert name_of(memory(0x50000 + 384), [], [shaped]).where == f"element [96] of {label}"
    made = Allocation("workspace", 0x50000, 400, "float32", (10, 10))
    assert name_of(memory(0x50000 + 48), [], [made]).where == "workspace[1, 2]"
    assert name_of(memory(0x50000 + 400), [], [made], outside=True).where == "workspace[10, 0]"


@pytest.mark.parametrize(
    ("offset", "extents", "where"),
    [
        (0, (32, 33), "tile[0][0]"),
        (4 * (3 * 33 + 17), (32, 33), "tile[3][17]"),
        (4 * 32 * 33, (32, 33), "tile[32][0]"),
        (-4, (32, 33), "tile[-1][32]"),
        (4 * 33, (1, 33), "tile[0][33]"),
        (-4, (8,), "tile[-1]"),
        (32, (8,), "tile[8]"),
        (4 * 23, (2, 3, 4), "tile[1][2][3]"),
        (4 * 24, (2, 3, 4), "tile[2][0][0]"),
        (4, (1, 1), "tile[0][1]"),
    ],
)
def test_shared_arrays_are_named_by_their_extents(
    offset: int, extents: tuple[int, ...], where: str
) -> None:
    assert name_of(shared(offset, extents), []).where == where


def test_shared_memory_outside_says_on_which_side() -> None:
    after, before = name_of(shared(4224), []), name_of(shared(-8), [])
    assert after.relation == "0 bytes after the end of float tile[32][33]"
    assert before.relation == "8 bytes before the start of float tile[32][33]"


def test_a_shared_variable_without_extents_is_its_name() -> None:
    inside = name_of(shared(0, (), name="sum"), [])
    assert (inside.where, inside.index, inside.relation) == ("sum", None, "in float sum")
    assert name_of(shared(4, (), name="sum"), []).where == "shared memory beside it"


def test_dynamic_shared_memory_is_indexed_by_its_elements() -> None:
    name = name_of(shared(160, (256,), name="smem", size=1024, dynamic=True), [])
    assert (name.where, name.index) == ("smem[40]", (40,))
    over = name_of(shared(1024, (256,), name="smem", size=1024, dynamic=True), [])
    assert over.where == "smem[256]"
    assert "1,024 bytes of dynamic shared memory" in over.relation


def test_dynamic_shared_memory_without_a_name_or_bytes_is_told() -> None:
    some = shared(0, (0,), name="dynamic shared memory", size=0, dynamic=True, element=1)
    assert name_of(some, []).where == "byte 0 of dynamic shared memory"
    gone = {"space": "shared", "address": 1, "bytes": 4, "shared": None}
    assert name_of(gone, []).variable is None


def test_a_shared_array_of_structs_has_no_dtype() -> None:
    name = name_of(shared(24, (8,), element=12, letter="?"), [])
    assert (name.where, name.dtype) == ("tile[2]", None)
    assert name.relation == "in tile[8], elements of 12 bytes"
    union = name_of(shared(252, (), element=256, letter="?", size=256, name="scratch"), [])
    assert (union.address, union.relation) == ("byte 252 of scratch", "in scratch, 256 bytes")


def test_variables_of_the_source_are_named_by_their_symbol(tmp_path: Path) -> None:
    library = build(tmp_path)
    table = library.address_of("table")
    inside = memory(table + 20, 4, "module")
    assert name_of(inside, [], library=library.path).where == "table[5]"
    before = name_of(memory(table - 4, 4, "module"), [], library=library.path)
    assert (before.where, before.index) == ("table[-1]", (-1,))
    assert "4 bytes before the start of table" in before.relation
    odd = name_of(memory(table + 3, 4, "module"), [], library=library.path)
    assert odd.where == "byte 3 of table"
    counter = memory(library.address_of("counter"), 4, "module")
    assert name_of(counter, [], library=library.path).where == "counter"
    assert name_of(inside, [], library="/gone.so").variable is None


@pytest.mark.parametrize(
    ("value", "nbytes", "dtype", "text"),
    [
        (0x3F800000, 4, "float32", "1.0"),
        (0x3DCCCCCD, 4, "float32", "0.1"),
        (0xFFFFFFFF, 4, "float32", "nan"),
        (0xFF800000, 4, "float32", "-inf"),
        (0x80000000, 4, "float32", "-0.0"),
        (0x42200000, 4, "float32", "40.0"),
        (0xC1200000, 4, "float32", "-10.0"),
        (0x00000001, 4, "float32", "1e-45"),
        (0x7F7FFFFF, 4, "float32", "3.4028235e+38"),
        (0x3FF0000000000000, 8, "float64", "1.0"),
        (0x3C00, 2, "float16", "1.0"),
        (0x2E66, 2, "float16", "0.1"),
        (0x3F80, 2, "bfloat16", "1.0"),
        (0x3DCD, 2, "bfloat16", "0.1"),
        (0x7F7F, 2, "bfloat16", "3.39e+38"),
        (0x3C0000003C00, 16, "float16", "1.0"),
        (0xFFFFFFFF, 4, "int32", "-1"),
        (0xFFFFFFFF, 4, "uint32", "4294967295"),
        (0x80, 1, "int8", "-128"),
        (0x80, 1, "uint8", "128"),
        (0x8000000000000000, 8, "int64", "-9223372036854775808"),
        (1, 1, "bool", "true"),
        (0, 1, "bool", "false"),
        (7, 1, "bool", "0x07"),
        (0x38, 1, "float8_e4m3fn", "0x38"),
        (0x3F800000, 4, None, "0x3f800000"),
        (0x12, 1, "float32", "0x12"),
        (5, 4, "int64", "0x00000005"),
    ],
)
def test_bits_are_read_as_the_dtype_says(
    value: int, nbytes: int, dtype: str | None, text: str
) -> None:
    assert decode(value, nbytes, dtype) == text


def test_no_value_gives_no_text() -> None:
    assert decode(None, 4, "float32") is None
    assert decode(5, 0, "float32") is None


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 0xFFFFFFFF))
def test_a_float_is_told_with_digits_that_give_it_back(bits: int) -> None:
    value = struct.unpack("<f", struct.pack("<I", bits))[0]
    text = decode(bits, 4, "float32")
    assert text is not None
    if value == value:
        assert struct.pack("<f", float(text)) == struct.pack("<f", value)
    half = decode(bits & 0xFFFF, 2, "bfloat16")
    assert half is not None
    told = torch.tensor(float(half)).to(torch.bfloat16)
    want = torch.tensor([bits & 0xFFFF], dtype=torch.int32).to(torch.int16).view(torch.bfloat16)
    assert torch.equal(told.reshape(1), want) or want.isnan().all()
