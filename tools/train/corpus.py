# SPDX-License-Identifier: MIT
"""The training text: the King James Bible, a document for each chapter."""

import os
import re
import subprocess

VERSE = re.compile(r"([1-3]?[A-Za-z]+)([0-9]+):([0-9]+) +(.*)")
CHAPTERS = 1189
VERSES = 31102


def _run_bible():
    """Text of the whole Bible as Debian's `bible` prints it, a verse a line."""
    environment = {k: v for k, v in os.environ.items() if k != "COLUMNS"}
    try:
        done = subprocess.run(["bible", "-f", "Gen1:1-Rev22:21"], check=True,
                              capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, env=environment)
    except FileNotFoundError:
        raise SystemExit("train: no program 'bible'; "
                         "apt-get install bible-kjv bible-kjv-text") from None
    return done.stdout


def read_chapters():
    """List of chapters in order, each one string with a verse on each line."""
    chapters = {}
    verses = 0
    for line in filter(None, _run_bible().splitlines()):
        match = VERSE.fullmatch(line.strip())
        if not match:
            raise SystemExit(f"train: not a verse: {line[:60]!r}")
        book, chapter, _, text = match.groups()
        # The source has two spaces after some full stops.
        text = " ".join(text.split())
        chapters.setdefault((book, int(chapter)), []).append(text + "\n")
        verses += 1
    if len(chapters) != CHAPTERS or verses != VERSES:
        raise SystemExit(f"train: {len(chapters)} chapters and {verses} verses, "
                         f"expected {CHAPTERS} and {VERSES}")
    return ["".join(lines) for lines in chapters.values()]


def split_chapters(chapters, every):
    """Two lists: chapters to train on, and every @every-th to hold out."""
    held_out = chapters[every - 1::every]
    train = [c for i, c in enumerate(chapters) if i % every != every - 1]
    return train, held_out
