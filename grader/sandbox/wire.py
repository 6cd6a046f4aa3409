"""The messages that cross the wall: plain data in a closed, size-limited form, never a pickle.

Both sides load this file; in the guest it stands alone, so it imports nothing of
ours.  A frame is

    magic       4 bytes   b"GRW1"
    head_size   u32, big endian: bytes of the head
    body_size   u64, big endian: bytes of the body
    head        JSON in ASCII: {"arrays": [[dtype, shape], ...], "value": node}
    body        the arrays' bytes, C order, little endian, one after the other

and a node is null, true, false, a string, a finite float, an int of at most 53
bits, a list, or an object with exactly one key:

    {"int": "123..."}       a larger int         {"float": "nan" | "inf" | "-inf"}
    {"tuple": [node, ...]}                       {"dict": [[string, node], ...]}
    {"array": k}            the k-th array of the head

Everything else is refused: `encode` refuses what it cannot say exactly,
`decode` refuses what it does not expect.  The reader checks each size before it
allocates, so a frame that claims 10^12 elements costs nothing.
"""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import numpy as np

MAGIC = b"GRW1"
PREFIX = struct.Struct(">4sIQ")
DTYPES = (
    "|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8",
    "<f2", "<f4", "<f8", "<c8", "<c16",
)  # fmt: skip

MAX_HEAD_BYTES = 8 * 2**20
MAX_BODY_BYTES = 256 * 2**20
MAX_NODES = 200_000
MAX_DEPTH = 32
MAX_ARRAYS = 4096
MAX_RANK = 16
MAX_INT_DIGITS = 1000
SAFE_INT = 2**53


class WireError(Exception):
    """A frame is not what the protocol allows; the text says which rule it breaks."""


def encode(value: object) -> bytes:
    """One value as a whole frame.

    Args:
        value: None, bool, int, float, str, list, tuple, dict with string keys,
            numpy array or numpy scalar, nested.  Subclasses of ndarray are
            copied into plain arrays.

    Raises:
        WireError: The value holds something else, or is too large or too deep.
    """
    arrays: list[np.ndarray[Any, Any]] = []
    budget = [MAX_NODES]
    node = _to_node(value, arrays, budget, 0)
    table = [[array.dtype.str, list(array.shape)] for array in arrays]
    head = json.dumps({"arrays": table, "value": node}, allow_nan=False, separators=(",", ":")).encode("ascii")
    bodies = [array.tobytes() for array in arrays]
    body_size = sum(map(len, bodies))
    if len(head) > MAX_HEAD_BYTES or body_size > MAX_BODY_BYTES:
        raise WireError(f"too large: {len(head) + body_size} bytes")
    return b"".join([PREFIX.pack(MAGIC, len(head), body_size), head, *bodies])


def frame_size(prefix: bytes) -> tuple[int, int]:
    """Check the first 16 bytes of a frame and return the sizes of its head and body."""
    magic, head_size, body_size = PREFIX.unpack(prefix)
    if magic != MAGIC:
        raise WireError("not a frame of this protocol")
    if head_size > MAX_HEAD_BYTES or body_size > MAX_BODY_BYTES:
        raise WireError(f"too large: {head_size + body_size} bytes")
    return head_size, body_size


def decode(head: bytes, body: bytes) -> Any:
    """The value of a frame, as fresh plain objects: no subclass, no view of anything, no code."""
    try:
        data = json.loads(head, parse_constant=_refuse_constant, parse_int=_bounded_int, object_pairs_hook=_one_key)
    except WireError:
        raise
    except (ValueError, RecursionError) as error:
        raise WireError(f"the head is not JSON: {type(error).__name__}") from None
    if not isinstance(data, dict) or set(data) != {"arrays", "value"}:
        raise WireError("the head must have exactly the keys 'arrays' and 'value'")
    arrays = _read_arrays(data["arrays"], body)
    return _from_node(data["value"], arrays, [MAX_NODES], 0)


def _to_node(value: object, arrays: list[np.ndarray[Any, Any]], budget: list[int], depth: int) -> Any:
    _spend(budget, depth)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        value = int(value)
        if abs(value) <= SAFE_INT:
            return value
        if value.bit_length() > MAX_INT_DIGITS * 3:
            raise WireError("an integer with too many digits")
        return {"int": str(value)}
    if isinstance(value, float):
        value = float(value)
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, str):
        return str(value)
    if isinstance(value, list):
        return [_to_node(item, arrays, budget, depth + 1) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [_to_node(item, arrays, budget, depth + 1) for item in value]}
    if isinstance(value, dict):
        pairs = []
        for key, item in value.items():
            if not isinstance(key, str):
                raise WireError(f"a dict whose key is of type {type(key).__name__}; only strings can cross")
            pairs.append([key, _to_node(item, arrays, budget, depth + 1)])
        return {"dict": pairs}
    if isinstance(value, (np.ndarray, np.generic)):
        return {"array": _add_array(value, arrays)}
    raise WireError(f"a value of type {type(value).__name__}")


def _add_array(value: Any, arrays: list[np.ndarray[Any, Any]]) -> int:
    # asarray of the base class: a subclass's overloaded operators stay behind.
    array = np.asarray(value)
    if array.dtype.kind not in "biufc":
        raise WireError(f"an array of dtype {array.dtype}; only numbers can cross")
    array = np.ascontiguousarray(array).reshape(array.shape)
    array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    if array.dtype.str not in DTYPES:
        raise WireError(f"an array of dtype {array.dtype}; only standard sizes of numbers can cross")
    if array.ndim > MAX_RANK or len(arrays) >= MAX_ARRAYS:
        raise WireError("an array of too high rank, or too many arrays")
    arrays.append(array)
    return len(arrays) - 1


def _read_arrays(table: object, body: bytes) -> list[np.ndarray[Any, Any]]:
    if not isinstance(table, list) or len(table) > MAX_ARRAYS:
        raise WireError("'arrays' must be a list of bounded length")
    arrays = []
    offset = 0
    for row in table:
        if not (isinstance(row, list) and len(row) == 2 and row[0] in DTYPES and isinstance(row[1], list)):
            raise WireError("each array needs a known dtype and a shape")
        dtype, shape = np.dtype(row[0]), row[1]
        if len(shape) > MAX_RANK or any(type(n) is not int or not 0 <= n <= MAX_BODY_BYTES for n in shape):
            raise WireError("a shape must be a short list of sizes")
        size = math.prod(shape) * dtype.itemsize
        if offset + size > len(body):
            raise WireError("an array is longer than the body")
        part = body[offset : offset + size]
        if dtype.kind == "b" and part.strip(b"\0\1"):
            raise WireError("a boolean that is neither 0 nor 1")
        arrays.append(np.frombuffer(part, dtype).reshape(shape).copy())
        offset += size
    if offset != len(body):
        raise WireError("the body is longer than its arrays")
    return arrays


def _from_node(node: Any, arrays: list[np.ndarray[Any, Any]], budget: list[int], depth: int) -> Any:
    _spend(budget, depth)
    if node is None or isinstance(node, (bool, int, float, str)):
        return node
    if isinstance(node, list):
        return [_from_node(item, arrays, budget, depth + 1) for item in node]
    if len(node) != 1:
        raise WireError("an object must have exactly one key")
    [(tag, content)] = node.items()
    if tag == "array" and type(content) is int and 0 <= content < len(arrays):
        return arrays[content].copy()  # a copy: two nodes that name one array must not share memory
    if tag == "tuple" and isinstance(content, list):
        return tuple(_from_node(item, arrays, budget, depth + 1) for item in content)
    if tag == "dict" and isinstance(content, list):
        return _read_pairs(content, arrays, budget, depth)
    if tag == "int" and isinstance(content, str) and len(content) <= MAX_INT_DIGITS and content.lstrip("-").isdigit():
        return int(content)
    if tag == "float" and content in ("nan", "inf", "-inf"):
        return float(content)
    raise WireError("an unknown or malformed node")


def _read_pairs(pairs: list[Any], arrays: list[np.ndarray[Any, Any]], budget: list[int], depth: int) -> dict[str, Any]:
    result = {}
    for pair in pairs:
        if not (isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str)) or pair[0] in result:
            raise WireError("a dict must be a list of [string, node] with different strings")
        result[pair[0]] = _from_node(pair[1], arrays, budget, depth + 1)
    return result


def _spend(budget: list[int], depth: int) -> None:
    budget[0] -= 1
    if budget[0] < 0:
        raise WireError(f"more than {MAX_NODES} values")
    if depth > MAX_DEPTH:
        raise WireError(f"nested deeper than {MAX_DEPTH}")


def _refuse_constant(name: str) -> None:
    raise WireError(f"the constant {name}")


def _bounded_int(digits: str) -> int:
    if len(digits) > 17:
        raise WireError("an int of more than 53 bits outside its own node")
    return int(digits)


def _one_key(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON allows a key twice and keeps the last; we refuse it, so that nothing can be read in two ways."""
    result = dict(pairs)
    if len(result) != len(pairs):
        raise WireError("a key that stands twice")
    return result
