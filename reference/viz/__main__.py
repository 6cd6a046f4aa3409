"""Write the gallery: `python -m reference.viz FOLDER [FILE ...]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from reference.errors import OptionError
from reference.viz.gallery import GALLERY, page
from reference.viz.style import LANGUAGES


def main(arguments: Sequence[str] | None = None) -> int:
    """Write pictures into a folder and name each file; return the exit status."""
    files = [picture.file for picture in GALLERY]
    parser = argparse.ArgumentParser("python -m reference.viz", description="Write one example of every picture.")
    parser.add_argument("folder", type=Path, help="where to write; made if it is not there")
    parser.add_argument("files", nargs="*", metavar="FILE", help=f"some of: {', '.join(files)} (default: all)")
    parser.add_argument("--language", choices=LANGUAGES, default="auto", help="of the titles (default: %(default)s)")
    parser.add_argument("--page", type=Path, help="also write the page that shows the pictures")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.files if name not in files]
    if unknown:
        parser.error(f"expected some of {', '.join(files)}, got {unknown[0]!r}")
    options.folder.mkdir(parents=True, exist_ok=True)
    try:
        for picture in GALLERY:
            if not options.files or picture.file in options.files:
                sys.stdout.write(f"{picture.write(options.folder, options.language)}\n")
    except OptionError as error:
        parser.error(str(error))
    if options.page:
        options.page.write_text(page(), encoding="utf-8")
        sys.stdout.write(f"{options.page}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
