"""Read a zip: nothing is unpacked onto the disk, no name and no size in it is trusted."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path, PurePosixPath

from grader.errors import SubmissionError
from grader.intake.collection import (
    MAX_ENTRIES,
    Collection,
    is_hidden,
    is_ignored,
    is_text,
    most_bytes,
    not_a_file,
)
from grader.message import msg
from grader.untrusted import clean


def read_zip(path: Path, collection: Collection) -> None:
    """Take in the members of a zip, those that exercises ask for first; a damaged one is left out alone.

    Raises:
        SubmissionError: Its directory is damaged, or lists more members than a submission has files.
    """
    try:
        archive = zipfile.ZipFile(path)
    except Exception as error:  # on damaged bytes zipfile raises whatever its parsing happens to meet
        raise SubmissionError(
            msg("{path}: the zip is damaged: {error}; pack it again", path=str(path), error=clean(str(error)))
        ) from None
    with archive:
        members = archive.infolist()
        if len(members) > MAX_ENTRIES:
            raise SubmissionError(
                msg(
                    "{path}: it holds more than {count} files, more than a submission has; give the folder of your "
                    "solution",
                    path=str(path),
                    count=MAX_ENTRIES,
                )
            )
        for member in sorted(members, key=lambda member: (not is_text(member.filename), member.filename)):
            _read_member(archive, member, collection)


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, collection: Collection) -> None:
    name = member_name(member)
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if member.is_dir() or any(is_ignored(part) for part in parts[:-1]) or (parts and is_hidden(parts[-1])):
        return
    if not parts or ".." in parts or parts[0] == "/" or ":" in parts[0]:
        collection.leave_out(name, msg("its path leads out of the submission"))
        return
    path = "/".join(parts)
    if stat.S_ISLNK(member.external_attr >> 16):
        collection.leave_out(name, not_a_file())
    elif member.flag_bits & 0x1:
        collection.leave_out(name, msg("it is encrypted; hand in a zip without a password"))
    elif collection.accepts(path, member.file_size):
        try:
            with archive.open(member) as stream:
                content = stream.read(most_bytes(path) + 1)
        except Exception as error:  # as above; the other members may be whole
            collection.leave_out(
                name, msg("it is damaged in the zip ({error}); pack it again", error=clean(str(error), 100))
            )
            return
        if collection.accepts(path, len(content)):  # the size in the directory was only a claim
            collection.add(path, content)


def member_name(member: zipfile.ZipInfo) -> str:
    """The name of a member; zips made on Chinese Windows hold GBK where the standard says CP437."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        raw = member.filename.encode("cp437")
    except UnicodeEncodeError:
        return member.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return member.filename
