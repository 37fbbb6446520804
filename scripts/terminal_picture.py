#!/usr/bin/env python3
"""Draws what a terminal shows as an SVG.

    scripts/terminal_picture.py 'Output of postrider dev' < recording > docs/images/demo.svg

The input is text with the colours that `postrider` prints (ECMA-48 SGR). A line that begins with `$ ` is a
command that somebody typed. `script -qc COMMAND /dev/null` records a command as on a terminal.
"""

import re
import sys
import unicodedata
from html import escape

COLUMN, LINE, MARGIN, BASELINE = 7.825, 19, 18, 34
COLOURS = {"": "#c9d1d9", "1": "#ffffff", "2": "#8b949e", "31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "36": "#79c0ff"}
SGR = re.compile("\x1b\\[([0-9]*)m")
OTHER_SEQUENCES = re.compile("\x1b\\[[0-9;?]*[A-Za-ln-z]")


def width(text):
    """The columns that a text takes."""
    return sum(2 if unicodedata.east_asian_width(it) in "WF" else 1 for it in text)


def spans(line):
    """The pieces of a line with their column and style."""
    if line.startswith("$ "):
        line = "\x1b[2m$\x1b[0m" + line[1:]
    style, column = "", 0
    for index, piece in enumerate(SGR.split(line)):
        if index % 2:
            style = "" if piece == "0" else piece
        elif piece:
            yield column, style, piece
            column += width(piece)


def drawn(line, y):
    pieces = []
    for column, style, text in spans(line):
        bold = ' font-weight="bold"' if style == "1" else ""
        x = MARGIN + column * COLUMN
        pieces.append(f'<tspan x="{x:.1f}" fill="{COLOURS[style]}"{bold}>{escape(text, quote=False)}</tspan>')
    return f'<text y="{y}" xml:space="preserve">{"".join(pieces)}</text>'


def main():
    text = sys.stdin.read().replace("\r", "")
    lines = OTHER_SEQUENCES.sub("", text).rstrip("\n").split("\n")
    columns = max(width(SGR.sub("", line)) for line in lines)
    across, down = round(2 * MARGIN + columns * COLUMN), BASELINE + LINE * len(lines) + 2
    title = escape(sys.argv[1])
    print(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{across}" height="{down}" viewBox="0 0 {across} {down}" '
        f'role="img" aria-label="{title}"><rect width="{across}" height="{down}" rx="8" fill="#0d1117"/>'
        '<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="13">'
    )
    for number, line in enumerate(lines):
        print(drawn(line, BASELINE + LINE * number))
    print("</g></svg>")


main()
