#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Trains the built-in model: text, tokenizer, transformer, GGUF file.

`tools/setup train` installs what it needs. Use Debian's python3.
The same options, seed and thread count give the same file on one machine.

The learning rate warms up, stays, then falls to zero in a straight line over
the last --decay-steps. With --minutes the fall starts early, so that training
ends in about that time; the line it prints then names the --steps and
--decay-steps that repeat the run.
"""

import argparse
import collections
import ctypes
import math
import os
import sys
import time

# Threads that wait should leave the core to those that work.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("GOMP_SPINCOUNT", "0")

# Generated files belong under build/ only.
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import torch
from torch.nn import functional

import bpe
import corpus
import gguf_write as gguf
import llama

HOLD_OUT_EVERY = 50
IGNORED = -100
SPECIALS = 2
BYTES = 256


def parse_options():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--out", required=True, help="GGUF file to write")
    p.add_argument("--name", default="psalter", help="general.name in the file")
    p.add_argument("--held-out", help="text file for the chapters held out")
    p.add_argument("--state", help="file that training can be resumed from")
    p.add_argument("--resume", action="store_true", help="go on from --state, with its schedule")
    p.add_argument("--steps", type=int, default=3039)
    p.add_argument("--decay-steps", type=int, default=912)
    p.add_argument("--warmup-steps", type=int, default=100)
    p.add_argument("--minutes", type=float, help="most minutes to train")
    p.add_argument("--batch", type=int, default=4, help="windows in a step")
    p.add_argument("--lr", type=float, default=2e-3)
    p.add_argument("--weight-decay", type=float, default=0.1)
    p.add_argument("--dropout", type=float, default=0.0)
    p.add_argument("--save-every", type=int, default=250, help="steps")
    p.add_argument("--seed", type=int, default=1611)
    p.add_argument("--threads", type=int, default=2)
    return p.parse_args()


def keep_freed_memory():
    """Have malloc reuse big blocks, not give each back to the kernel.

    Every activation is a big block; page faults would take most of the time.
    The numbers are M_MMAP_MAX, M_TRIM_THRESHOLD and M_TOP_PAD of mallopt(3).
    """
    libc = ctypes.CDLL(None)
    for option, value in ((-4, 0), (-1, 0x7fffffff), (-2, 64 << 20)):
        libc.mallopt(option, value)


class Windows:
    """Batches of windows; the one of a step follows from the seed alone.

    In each epoch the windows start at another offset and have another order.
    """

    def __init__(self, ids, context, batch, seed):
        self.ids = torch.tensor(ids)
        self.context, self.batch, self.seed = context, batch, seed
        self.per_epoch = (len(ids) - context - 1) // context // batch

    def get(self, step):
        """Inputs and targets, each [batch, context]."""
        epoch, place = divmod(step, self.per_epoch)
        g = torch.Generator().manual_seed(self.seed * 1000003 + epoch)
        offset = int(torch.randint(self.context, (1,), generator=g))
        order = torch.randperm(self.per_epoch * self.batch, generator=g)
        chosen = order[place * self.batch:(place + 1) * self.batch]
        rows = [self.ids[s:s + self.context + 1]
                for s in (offset + chosen * self.context).tolist()]
        rows = torch.stack(rows)
        return rows[:, :-1], rows[:, 1:]


def fixed_windows(documents, context):
    """A document's windows side by side; the last is filled up, not scored."""
    inputs, targets = [], []
    for ids in documents:
        for start in range(0, len(ids) - 1, context):
            piece = ids[start:start + context + 1]
            fill = context + 1 - len(piece)
            inputs.append(piece[:-1] + [0] * fill)
            targets.append(piece[1:] + [IGNORED] * fill)
    return torch.tensor(inputs), torch.tensor(targets)


@torch.no_grad()
def evaluate(model, inputs, targets, batch=8):
    """Sum of the loss in nats, and count of the tokens it is of."""
    model.eval()
    nats = 0.0
    for x, y in zip(inputs.split(batch), targets.split(batch)):
        nats += functional.cross_entropy(model(x).flatten(0, 1), y.flatten(),
                                         ignore_index=IGNORED,
                                         reduction="sum").item()
    model.train()
    return nats, int((targets != IGNORED).sum())


class Schedule:
    """Learning rate of each step, and when the steps end."""

    def __init__(self, options):
        self.o = options
        self.begin = time.monotonic()
        self.steps, self.decay = options.steps, options.decay_steps
        self.first = 0

    def decaying(self, step):
        return step >= self.steps - self.decay

    def watch_clock(self, step):
        """Start the decay at @step if else --minutes would not suffice."""
        if not self.o.minutes or self.decaying(step) or step == self.first:
            return
        used = time.monotonic() - self.begin
        share = self.decay / self.steps
        decay = max(1, round(step * share / (1 - share)))
        pace = used / (step - self.first)
        if used + decay * pace < self.o.minutes * 60:
            return
        self.steps, self.decay = step + decay, decay
        print(f"decay starts; as --steps {self.steps} "
              f"--decay-steps {self.decay}", flush=True)

    def rate(self, step):
        if self.decaying(step):
            return self.o.lr * (self.steps - step) / (self.decay + 1)
        return self.o.lr * min(1.0, (step + 1) / self.o.warmup_steps)


def make_optimizer(model, options):
    """AdamW; only matrices decay, not the scales of the normalisations."""
    matrices = [p for p in model.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    groups = [{"params": matrices, "weight_decay": options.weight_decay},
              {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=options.lr, betas=(0.9, 0.95),
                             eps=1e-8, foreach=True)


def write_gguf(path, name, model, tokenizer):
    tokens, kinds, merges = tokenizer.gguf_tokens()
    metadata = {
        "general.architecture": (gguf.STRING, "llama"),
        "general.name": (gguf.STRING, name),
        "general.license": (gguf.STRING, "mit"),
        "general.file_type": (gguf.U32, 1),
        **model.gguf_metadata(),
        "tokenizer.ggml.model": (gguf.STRING, "gpt2"),
        "tokenizer.ggml.pre": (gguf.STRING, "gpt-2"),
        "tokenizer.ggml.tokens": ((gguf.ARRAY, gguf.STRING), tokens),
        "tokenizer.ggml.token_type": ((gguf.ARRAY, gguf.I32), kinds),
        "tokenizer.ggml.merges": ((gguf.ARRAY, gguf.STRING), merges),
        "tokenizer.ggml.bos_token_id": (gguf.U32, tokenizer.bos),
        "tokenizer.ggml.eos_token_id": (gguf.U32, tokenizer.eos),
        "tokenizer.ggml.add_bos_token": (gguf.BOOL, True),
    }
    gguf.write(path, metadata, model.gguf_tensors())


class Training:
    def __init__(self, options):
        self.o = options
        chapters, self.held_chapters = corpus.split_chapters(
            corpus.read_chapters(), HOLD_OUT_EVERY)
        shape = llama.Shape()
        self.tokenizer = bpe.Tokenizer(
            bpe.train_merges(chapters, shape.vocab - SPECIALS - BYTES))
        documents = [self.tokenizer.document(c) for c in chapters]
        held = [self.tokenizer.document(c) for c in self.held_chapters]
        self.windows = Windows(sum(documents, []), shape.context, options.batch,
                               options.seed)
        self.held = fixed_windows(held, shape.context)
        # As many chapters, spread as evenly, of those that are trained on.
        self.seen_chapters = chapters[::HOLD_OUT_EVERY - 1][:len(held)]
        self.seen = fixed_windows(documents[::HOLD_OUT_EVERY - 1][:len(held)],
                                  shape.context)
        torch.manual_seed(options.seed)
        self.model = llama.Llama(shape, options.dropout)
        self.optimizer = make_optimizer(self.model, options)
        self.schedule = Schedule(options)
        self.step = 0
        self.losses = collections.deque(maxlen=50)

    def describe(self):
        weights = sum(p.numel() for p in self.model.parameters())
        print(f"{weights} weights; {len(self.windows.ids)} tokens to train on, "
              f"{self.windows.per_epoch} steps an epoch; "
              f"{self.count(self.held)} held out", flush=True)

    @staticmethod
    def count(windows):
        return int((windows[1] != IGNORED).sum())

    def save(self):
        write_gguf(self.o.out, self.o.name, self.model, self.tokenizer)
        if not self.o.state:
            return
        torch.save({"model": self.model.state_dict(),
                    "optimizer": self.optimizer.state_dict(),
                    "random": torch.get_rng_state(), "step": self.step,
                    "steps": self.schedule.steps,
                    "decay": self.schedule.decay},
                   self.o.state + ".part")
        os.replace(self.o.state + ".part", self.o.state)

    def load(self):
        state = torch.load(self.o.state)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"])
        self.step = self.schedule.first = state["step"]
        self.schedule.steps = state["steps"]
        self.schedule.decay = state["decay"]

    def train_step(self):
        rate = self.schedule.rate(self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        x, y = self.windows.get(self.step)
        loss = functional.cross_entropy(self.model(x).flatten(0, 1), y.flatten())
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.losses.append(loss.item())
        self.step += 1

    def report(self):
        nats, count = evaluate(self.model, *self.held)
        elapsed = time.monotonic() - self.schedule.begin
        print(f"step {self.step}/{self.schedule.steps} "
              f"epoch {self.step / self.windows.per_epoch:.2f} "
              f"rate {self.schedule.rate(self.step - 1):.2e} "
              f"train {sum(self.losses) / len(self.losses):.4f} "
              f"held-out {nats / count:.4f} {elapsed:.0f} s", flush=True)

    def run(self):
        while self.step < self.schedule.steps:
            self.schedule.watch_clock(self.step)
            self.train_step()
            if self.step % self.o.save_every == 0:
                self.report()
                self.save()

    def final(self):
        for what, windows, chapters in (
                ("train", self.seen, self.seen_chapters),
                ("held-out", self.held, self.held_chapters)):
            nats, count = evaluate(self.model, *windows)
            size = sum(len(c.encode()) for c in chapters)
            print(f"{what}: {nats / count:.4f} nats/token, "
                  f"{nats / math.log(2) / size:.4f} bits/byte "
                  f"({count} tokens, {size} bytes)")


def main():
    options = parse_options()
    torch.set_num_threads(options.threads)
    keep_freed_memory()
    training = Training(options)
    if options.held_out:
        with open(options.held_out, "w", encoding="utf-8") as file:
            file.write("\n".join(training.held_chapters))
    training.describe()
    if options.resume:
        training.load()
    training.run()
    training.save()
    training.final()
    return 0


if __name__ == "__main__":
    sys.exit(main())
