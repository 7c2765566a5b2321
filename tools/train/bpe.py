# SPDX-License-Identifier: MIT
"""Byte-level byte-pair encoding in the manner of GPT-2: train, encode, decode."""

import collections
import re

# The pieces that no token crosses. Python's re knows no \p{L} and \p{N}; the
# classes here agree with them on all characters but a few numerals that are
# not decimal digits (such as superscripts), which the text does not have.
SPLIT = re.compile(r"'(?:[smtd]|ll|re|ve)| ?[^\W\d_]+| ?\d+"
                   r"| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")

BOS = "<s>"
EOS = "</s>"


def byte_alphabet():
    """The printable character that stands for each byte in a GGUF file."""
    shown = (list(range(0x21, 0x7f)) + list(range(0xa1, 0xad)) +
             list(range(0xae, 0x100)))
    hidden = [b for b in range(256) if b not in shown]
    alphabet = {b: chr(b) for b in shown}
    alphabet.update({b: chr(256 + i) for i, b in enumerate(hidden)})
    return [alphabet[b] for b in range(256)]


def _joined(word, pair):
    """@word, a tuple of byte strings, with each @pair in it made one."""
    out = []
    i = 0
    while i < len(word):
        if word[i:i + 2] == pair:
            out.append(word[i] + word[i + 1])
            i += 2
        else:
            out.append(word[i])
            i += 1
    return tuple(out)


def train_merges(texts, count):
    """The first @count merges: always the most frequent pair, ties by bytes."""
    pieces = collections.Counter()
    for text in texts:
        pieces.update(SPLIT.findall(text))
    words = [(tuple(bytes([b]) for b in piece.encode()), n)
             for piece, n in pieces.items()]
    pairs = collections.Counter()
    where = collections.defaultdict(set)
    for index, (word, n) in enumerate(words):
        for pair in zip(word, word[1:]):
            pairs[pair] += n
            where[pair].add(index)
    merges = []
    while len(merges) < count:
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append(best)
        for index in where.pop(best):
            word, n = words[index]
            new = _joined(word, best)
            for pair in zip(word, word[1:]):
                pairs[pair] -= n
            for pair in zip(new, new[1:]):
                pairs[pair] += n
                where[pair].add(index)
            words[index] = (new, n)
        del pairs[best]
    return merges


class Tokenizer:
    """Token numbers: begin and end of a document, the bytes, then the merges."""

    def __init__(self, merges):
        self.merges = merges
        self.bos, self.eos = 0, 1
        self.pieces = [BOS.encode(), EOS.encode()]
        self.pieces += [bytes([b]) for b in range(256)]
        self.pieces += [left + right for left, right in merges]
        self.rank = {pair: i for i, pair in enumerate(merges)}
        self.number = {p: i for i, p in enumerate(self.pieces) if i >= 2}
        self.cache = {}

    def _encode_piece(self, piece):
        word = tuple(bytes([b]) for b in piece.encode())
        while len(word) > 1:
            pair = min(zip(word, word[1:]),
                       key=lambda p: self.rank.get(p, len(self.rank)))
            if pair not in self.rank:
                break
            word = _joined(word, pair)
        return [self.number[part] for part in word]

    def encode(self, text):
        """Token numbers of @text, without begin and end."""
        out = []
        for piece in SPLIT.findall(text):
            if piece not in self.cache:
                self.cache[piece] = self._encode_piece(piece)
            out += self.cache[piece]
        return out

    def document(self, text):
        """Token numbers of @text between begin and end."""
        return [self.bos] + self.encode(text) + [self.eos]

    def decode(self, ids):
        """Text of @ids; begin and end have none."""
        return b"".join(self.pieces[i] for i in ids if i > 1).decode(
            errors="replace")

    def gguf_tokens(self):
        """Token strings, types (1 normal, 3 control) and merges for GGUF."""
        alphabet = byte_alphabet()

        def show(piece):
            return "".join(alphabet[b] for b in piece)

        tokens = [BOS, EOS] + [show(p) for p in self.pieces[2:]]
        kinds = [3, 3] + [1] * (len(tokens) - 2)
        merges = [f"{show(a)} {show(b)}" for a, b in self.merges]
        return tokens, kinds, merges
