"""How files are handed in: a folder, a zip, a zip of a Chinese Windows, a single file; and what cannot be graded."""

import zipfile
from pathlib import Path

HUGE = 2 * 2**30


class _ChineseName(zipfile.ZipInfo):
    """A member whose name is written in GBK without saying so, as Windows in China does it."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - zipfile asks it
        return self.filename.encode("gbk"), self.flag_bits


def folder(place: Path, name: str, files: dict[str, bytes]) -> Path:
    """A folder."""
    target = place / name
    target.mkdir()
    for file, content in files.items():
        (target / file).write_bytes(content)
    return target


def archive(place: Path, name: str, files: dict[str, bytes]) -> Path:
    """A zip with one folder in it."""
    return _zip(place / f"{name}.zip", [(zipfile.ZipInfo(f"homework/{file}"), data) for file, data in files.items()])


def chinese_archive(place: Path, name: str, files: dict[str, bytes]) -> Path:
    """A zip whose names are Chinese, in GBK."""
    return _zip(place / f"{name}.zip", [(_ChineseName(f"作业/{file}"), data) for file, data in files.items()])


def single(place: Path, name: str, files: dict[str, bytes]) -> Path:
    """One file; there is nothing else."""
    [(file, content)] = files.items()
    target = place / f"{name}{Path(file).suffix}"
    target.write_bytes(content)
    return target


def _zip(target: Path, members: list[tuple[zipfile.ZipInfo, bytes]]) -> Path:
    with zipfile.ZipFile(target, "w") as made:
        for member, data in members:
            made.writestr(member, data, zipfile.ZIP_DEFLATED)
    return target


def _empty(place: Path, name: str) -> None:
    _zip(place / f"{name}.zip", [])


def _damaged(place: Path, name: str) -> None:
    (place / f"{name}.zip").write_bytes(b"PK\3\4 and then nothing")


def _encrypted(place: Path, name: str) -> None:
    target = _zip(place / f"{name}.zip", [(zipfile.ZipInfo("conv2d.py"), b"secret")])
    data = bytearray(target.read_bytes())
    data[6] |= 1  # the flag of the member's own header, then that of the directory
    data[data.index(b"PK\1\2") + 8] |= 1
    target.write_bytes(data)


def _page(place: Path, name: str) -> None:
    (place / f"{name}.ipynb").write_text("<!DOCTYPE html><title>Sign in</title>", encoding="utf-8")


def _document(place: Path, name: str) -> None:
    (place / f"{name}.docx").write_bytes(b"PK\3\4 a report")


def _huge(place: Path, name: str) -> None:
    """A sparse file: it says two GiB and takes no room."""
    with (place / f"{name}.py").open("wb") as stream:
        stream.truncate(HUGE)


def _huge_archive(place: Path, name: str) -> None:
    with (place / f"{name}.zip").open("wb") as stream:
        stream.truncate(HUGE)


# What is made, and a word of the reason that the instructor must read.
BROKEN = {
    "empty": (_empty, "empty"),
    "damaged": (_damaged, "pack it again"),
    "encrypted": (_encrypted, "password"),
    "page": (_page, "notebook"),
    "document": (_document, "another kind of file"),
    "huge": (_huge, "MiB"),
    "huge zip": (_huge_archive, "pack it again"),
}
