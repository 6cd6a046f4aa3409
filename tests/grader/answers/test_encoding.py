import pytest

from grader.answers.encoding import MAX_BYTES, decode
from grader.answers.source import Parsed, Unreadable

TEXT = "# 作业一 HW1\n\n## full\n1 −2 ½\n"


@pytest.mark.parametrize(
    ("encoding", "understood"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
        ("gb18030", "gb18030"),
    ],
)
def test_text_is_read_in_every_encoding_that_editors_write(encoding, understood):
    decoded = decode(TEXT.encode(encoding))

    assert isinstance(decoded, Parsed)
    assert decoded.value == TEXT
    assert decoded.understood == understood


def test_gbk_is_read_as_the_part_of_gb18030_that_it_is():
    assert decode("结果：１ ２".encode("gbk")).value == "结果：１ ２"


def test_big_endian_utf16_with_its_mark_is_read():
    assert decode(b"\xfe\xff" + "作业 1".encode("utf-16-be")).value == "作业 1"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_utf8_needs_no_remark(encoding):
    assert decode(TEXT.encode(encoding)).remarks == ()


def test_another_encoding_is_remarked_on():
    (remark,) = decode(TEXT.encode("gb18030")).remarks

    assert str(remark) == "the file is encoded as gb18030 and was converted; save it as UTF-8 to be sure"


@pytest.mark.parametrize(
    "data",
    [
        bytes(range(256)),
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"PK\x03\x04\x14\0\0\0",
        b"\x7fELF\x02\x01",
        "é à".encode("latin-1"),
    ],
)
def test_what_is_no_text_is_refused(data):
    refused = decode(data)

    assert isinstance(refused, Unreadable)
    assert str(refused.message) == "this is not a text file, or not in UTF-8; save it as UTF-8"
    assert str(refused.accepted) == "a text file of at most 1 MiB, saved as UTF-8"


def test_a_control_character_that_slipped_in_is_left_out_with_a_remark():
    decoded = decode((3 * TEXT + "\x1b[0m\x07").encode())

    assert decoded.value == 3 * TEXT + "[0m"
    assert [str(remark) for remark in decoded.remarks] == [
        "2 control characters, which nobody sees, were left out of the file"
    ]


def test_a_file_that_is_too_large_is_refused():
    refused = decode(b"1" * (MAX_BYTES + 1))

    assert isinstance(refused, Unreadable)
    assert str(refused.message) == "this file has 1048577 bytes; at most 1048576 are read"


def test_an_empty_file_is_an_empty_text():
    assert decode(b"").value == ""
