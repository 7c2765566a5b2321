#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Write the text that the built-in model's quantisation is calibrated with.

Chapters that the model was trained on, every 50th, half-way between those that
are held out: what is measured on the held-out text has not been fitted to it.
"""

import argparse

from corpus import read_chapters

EVERY = 50


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--out", default="models/calibration.txt")
    o = p.parse_args()
    chapters = read_chapters()[EVERY // 2 - 1::EVERY]
    with open(o.out, "w", encoding="utf-8") as f:
        f.write("\n".join(chapters))


if __name__ == "__main__":
    main()
