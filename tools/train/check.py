#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Reads a GGUF file back and runs it, with no code of what trained and wrote it
but the pattern that splits text into words.

    check.py model.gguf                     greedy text after three prompts
    check.py model.gguf --held-out FILE     and the loss on the documents in
                                            FILE, which empty lines separate

Only numpy is needed; everything is computed in float32 from the F16 weights.
"""

import argparse
import math
import struct
import sys

import numpy as np

# Generated files belong under build/ only.
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
from bpe import SPLIT

PROMPTS = ["In the beginning", "And the king said unto", "The LORD is my"]
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?",
           10: "Q", 11: "q", 12: "d"}


class Reader:
    """`meta` and `tensors` of a GGUF file."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        self.at = 0
        magic, version, tensors, keys = self.take("4sIQQ")
        if magic != b"GGUF" or version != 3:
            raise SystemExit(f"{path}: not GGUF version 3")
        self.meta = {}
        for _ in range(keys):
            key = self.string()
            self.meta[key] = self.value(self.take("I")[0])
        infos = [self.tensor_info() for _ in range(tensors)]
        start = -(-self.at // 32) * 32
        self.tensors = {name: self.tensor(start + offset, dims, kind)
                        for name, dims, kind, offset in infos}

    def take(self, letters):
        values = struct.unpack_from("<" + letters, self.data, self.at)
        self.at += struct.calcsize("<" + letters)
        return values

    def string(self):
        length, = self.take("Q")
        self.at += length
        return self.data[self.at - length:self.at].decode()

    def value(self, kind):
        if kind == 8:
            return self.string()
        if kind == 9:
            element, count = self.take("IQ")
            return [self.value(element) for _ in range(count)]
        return self.take(SCALARS[kind])[0]

    def tensor_info(self):
        name = self.string()
        n_dims, = self.take("I")
        dims = self.take(f"{n_dims}Q")
        kind, offset = self.take("IQ")
        return name, dims, kind, offset

    def tensor(self, offset, dims, kind):
        dtype = {0: "<f4", 1: "<f2"}[kind]
        flat = np.frombuffer(self.data, dtype, math.prod(dims), offset)
        return flat.reshape(dims[::-1]).astype(np.float32)


class Vocabulary:
    """Encodes a prompt by the merges in the file, one word after another."""

    def __init__(self, meta):
        visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
        rest = [b for b in range(256) if b not in visible]
        self.char_of = {b: chr(b) for b in visible}
        self.char_of.update((b, chr(256 + n)) for n, b in enumerate(rest))
        self.byte_of = {c: b for b, c in self.char_of.items()}
        self.tokens = meta["tokenizer.ggml.tokens"]
        self.id_of = {t: i for i, t in enumerate(self.tokens)}
        self.rank = {m: i for i, m in enumerate(meta["tokenizer.ggml.merges"])}
        self.bos = meta["tokenizer.ggml.bos_token_id"]
        self.eos = meta["tokenizer.ggml.eos_token_id"]

    def encode(self, text):
        out = []
        for word in SPLIT.findall(text):
            parts = [self.char_of[b] for b in word.encode()]
            while True:
                ranks = [self.rank.get(f"{a} {b}", math.inf)
                         for a, b in zip(parts, parts[1:])]
                best = min(ranks, default=math.inf)
                if best == math.inf:
                    break
                at = ranks.index(best)
                parts[at:at + 2] = [parts[at] + parts[at + 1]]
            out += [self.id_of[p] for p in parts]
        return out

    def decode(self, ids):
        text = "".join(self.tokens[i] for i in ids
                       if i not in (self.bos, self.eos))
        return bytes(self.byte_of[c] for c in text).decode(errors="replace")


def rms_norm(x, weight, eps):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + eps) * weight


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


class Model:
    """Logits of a whole sequence at once; nothing is cached."""

    def __init__(self, reader):
        m, self.w = reader.meta, reader.tensors
        self.layers = m["llama.block_count"]
        self.heads = m["llama.attention.head_count"]
        self.kv_heads = m["llama.attention.head_count_kv"]
        self.dim = m["llama.embedding_length"] // self.heads
        self.eps = m["llama.attention.layer_norm_rms_epsilon"]
        self.base = m["llama.rope.freq_base"]
        self.context = m["llama.context_length"]

    def heads_of(self, x, count, turn):
        """[head, position, dim], with neighbouring elements turned as pairs."""
        x = x.reshape(len(x), count, self.dim).transpose(1, 0, 2)
        if not turn:
            return x
        angle = np.arange(x.shape[1])[:, None] * self.base ** (
            -np.arange(0, self.dim, 2) / self.dim)
        cos, sin = np.cos(angle), np.sin(angle)
        a, b = x[..., 0::2], x[..., 1::2]
        pairs = np.stack((a * cos - b * sin, a * sin + b * cos), -1)
        return pairs.reshape(x.shape).astype(np.float32)

    def attention(self, x, name):
        w, n = self.w, len(x)
        q = self.heads_of(x @ w[name + "attn_q.weight"].T, self.heads, True)
        k = self.heads_of(x @ w[name + "attn_k.weight"].T, self.kv_heads, True)
        v = self.heads_of(x @ w[name + "attn_v.weight"].T, self.kv_heads, False)
        group = self.heads // self.kv_heads
        future = np.triu(np.full((n, n), -np.inf, np.float32), 1)
        mixed = [softmax(q[h] @ k[h // group].T / math.sqrt(self.dim) + future)
                 @ v[h // group] for h in range(self.heads)]
        return np.concatenate(mixed, -1) @ w[name + "attn_output.weight"].T

    def feed_forward(self, x, name):
        gate = x @ self.w[name + "ffn_gate.weight"].T
        up = x @ self.w[name + "ffn_up.weight"].T
        return (gate / (1 + np.exp(-gate)) * up) @ self.w[name + "ffn_down.weight"].T

    def logits(self, ids):
        w = self.w
        x = w["token_embd.weight"][ids]
        for i in range(self.layers):
            name = f"blk.{i}."
            x = x + self.attention(
                rms_norm(x, w[name + "attn_norm.weight"], self.eps), name)
            x = x + self.feed_forward(
                rms_norm(x, w[name + "ffn_norm.weight"], self.eps), name)
        x = rms_norm(x, w["output_norm.weight"], self.eps)
        return x @ w.get("output.weight", w["token_embd.weight"]).T


def greedy(model, vocabulary, prompt, count):
    ids = [vocabulary.bos] + vocabulary.encode(prompt)
    for _ in range(count):
        best = int(model.logits(ids[-model.context:])[-1].argmax())
        ids.append(best)
        if best == vocabulary.eos:
            break
    return vocabulary.decode(ids)


def loss(model, vocabulary, text):
    """Nats and tokens, each document between begin and end, in windows."""
    nats, count = 0.0, 0
    for document in text.split("\n\n"):
        ids = vocabulary.encode(document.rstrip("\n") + "\n")
        ids = [vocabulary.bos] + ids + [vocabulary.eos]
        for start in range(0, len(ids) - 1, model.context):
            window = ids[start:start + model.context + 1]
            p = softmax(model.logits(window[:-1]).astype(np.float64))
            nats -= np.log(p[np.arange(len(p)), window[1:]]).sum()
            count += len(p)
    return nats, count


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("model")
    p.add_argument("--held-out")
    p.add_argument("--tokens", type=int, default=100)
    p.add_argument("--prompt", action="append")
    o = p.parse_args()
    reader = Reader(o.model)
    model, vocabulary = Model(reader), Vocabulary(reader.meta)
    for prompt in o.prompt or PROMPTS:
        print(f"--- {prompt}\n{greedy(model, vocabulary, prompt, o.tokens)}\n")
    if o.held_out:
        with open(o.held_out, encoding="utf-8") as file:
            text = file.read()
        nats, count = loss(model, vocabulary, text)
        size = len(text.replace("\n\n", "\n").encode())
        print(f"held-out: {nats / count:.4f} nats/token, "
              f"{nats / math.log(2) / size:.4f} bits/byte "
              f"({count} tokens, {size} bytes)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
