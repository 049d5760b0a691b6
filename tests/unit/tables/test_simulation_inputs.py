"""What a simulation starts from is the same bytes, whatever a query left in memory under values that are not there."""

from __future__ import annotations

import pyarrow as pa

from village_credit.tables.simulation_inputs import pack_simulation_inputs, unpack_simulation_inputs

VALID = pa.py_buffer(bytes([0b101]))


def table(left: int) -> pa.Table:
    """Three households of which one has no figure; `left`: what its place holds all the same."""
    figures = [
        pa.Array.from_buffers(
            kind, 3, [VALID, pa.py_buffer(b"".join(n.to_bytes(width, "little") for n in (1, left, 3)))]
        )
        for kind, width in ((pa.int64(), 8), (pa.date32(), 4))
    ]
    return pa.table({"figure": figures[0], "day": figures[1]})


def test_what_lies_under_an_empty_value_is_no_part_of_it():
    one, other = (
        pack_simulation_inputs({"known": table(left)}, pa.table({"group": ["a"]}), {"u1": "k1"}, {}) for left in (0, 77)
    )
    assert table(0).equals(table(77))
    assert one == other
    assert unpack_simulation_inputs(one).tables["known"].to_pylist() == table(0).to_pylist()
