"""Cut a font to the characters that the catalogues use: `python -m gpu_ablate.languages.font SOURCE.ttc [NUMBER]`.

The source is Noto Sans CJK (Google and Adobe, SIL Open Font License 1.1), in Debian's package fonts-noto-cjk; NUMBER is
that of the face in a collection, 2 for simplified Chinese. Written beside this file, for pictures and reports.
"""

from __future__ import annotations

import sys
from pathlib import Path

from gpu_ablate.language import LANGUAGES, catalogue

FILE = Path(__file__).with_name("NotoSansSC-cut.otf")

FAMILY = "Ablate Sans SC"
"""Its name: a font that was cut must not pass for the whole one."""


def characters() -> set[str]:
    """Every character of every catalogue, and those that numbers and names are written with."""
    latin = {chr(code) for code in range(0x20, 0x7F)}
    texts = (text for language in LANGUAGES for pair in catalogue(language).items() for text in pair)
    return latin | {letter for text in texts for letter in text if letter.isprintable()}


def cut(source: Path, number: int) -> None:
    """Write the cut font."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    font = TTFont(source, fontNumber=number)
    names = [0, 1, 2, 3, 4, 6, 13, 14]
    options = Options(layout_features=["kern"], hinting=False, name_IDs=names, notdef_outline=True)
    options.drop_tables += ["BASE", "VORG", "vhea", "vmtx"]  # for vertical text
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[ord(letter) for letter in characters()])
    subsetter.subset(font)
    for record in font["name"].names:
        if record.nameID in (1, 4, 16):
            record.string = FAMILY
        elif record.nameID == 6:
            record.string = FAMILY.replace(" ", "")
    font.save(FILE)


if __name__ == "__main__":
    cut(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2)
