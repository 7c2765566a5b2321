# SPDX-License-Identifier: MIT
"""A Llama-architecture transformer for training on a CPU, and its GGUF form.

Matrix products run in bfloat16, of which this CPU may have instructions; the
residual stream, the normalisations, the angles of RoPE, the loss and the
weights that the optimiser sees are float32.
"""

import dataclasses

import numpy
import torch
from torch import nn
from torch.nn import functional

import gguf_write as gguf


@dataclasses.dataclass
class Shape:
    """Dimensions, in elements."""
    vocab: int = 1024
    context: int = 512
    d_model: int = 192
    layers: int = 6
    heads: int = 6
    kv_heads: int = 2
    ffn: int = 512
    rope_base: float = 10000.0
    rms_eps: float = 1e-5

    @property
    def head_dim(self):
        return self.d_model // self.heads


class RMSNorm(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(shape.d_model))
        self.eps = shape.rms_eps

    def forward(self, x):
        scale = torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps)
        return x * scale * self.weight


def rope_turns(shape):
    """Complex number of each position and pair: e^(i * position * frequency)."""
    pairs = torch.arange(0, shape.head_dim, 2, dtype=torch.float64)
    frequency = shape.rope_base ** (-pairs / shape.head_dim)
    angle = torch.outer(torch.arange(shape.context).double(), frequency)
    return torch.polar(torch.ones_like(angle), angle).to(torch.complex64)


def rotate(x, turns):
    """Turn neighbouring elements of [batch, position, head, dim] as a pair."""
    pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * turns[:, None, :]).flatten(-2)


class Block(nn.Module):
    # Queries are taken in tiles, each beside only the keys that it may see.
    TILE = 256

    def __init__(self, shape, dropout, dtype):
        super().__init__()
        d, kv = shape.d_model, shape.kv_heads * shape.head_dim
        self.shape, self.dtype = shape, dtype
        self.attn_norm = RMSNorm(shape)
        self.attn_qkv = nn.Linear(d, d + 2 * kv, bias=False)
        self.attn_output = nn.Linear(d, d, bias=False)
        self.ffn_norm = RMSNorm(shape)
        self.ffn_gate_up = nn.Linear(d, 2 * shape.ffn, bias=False)
        self.ffn_down = nn.Linear(shape.ffn, d, bias=False)
        self.dropout = nn.Dropout(dropout)

    def linear(self, layer, x):
        return functional.linear(x.to(self.dtype), layer.weight.to(self.dtype))

    def attend(self, q, k, v, mask):
        """One tile: @q [batch, kv head, group, tile, dim], @k and @v [.., seen, dim]."""
        batch, kv, group, tile, dim = q.shape
        seen = k.shape[2]
        scores = torch.baddbmm(mask[:, :, -seen:].expand(batch * kv, -1, -1),
                               q.reshape(batch * kv, group * tile, dim),
                               k.flatten(0, 1).transpose(1, 2),
                               alpha=dim ** -0.5)
        mixed = torch.bmm(torch.softmax(scores, -1), v.flatten(0, 1))
        return mixed.view(batch, kv, group, tile, dim)

    def attention(self, x, turns, mask):
        s = self.shape
        batch, length, _ = x.shape
        kv = s.kv_heads * s.head_dim
        qkv = self.linear(self.attn_qkv, x)
        q, k, v = qkv.split((s.d_model, kv, kv), -1)
        q = rotate(q.unflatten(-1, (s.heads, s.head_dim)), turns).to(self.dtype)
        k = rotate(k.unflatten(-1, (s.kv_heads, s.head_dim)), turns)
        q = q.unflatten(2, (s.kv_heads, -1)).permute(0, 2, 3, 1, 4)
        k = k.to(self.dtype).transpose(1, 2)
        v = v.unflatten(-1, (s.kv_heads, s.head_dim)).transpose(1, 2)
        tiles = []
        for start in range(0, length, self.TILE):
            end = start + self.TILE
            tiles.append(self.attend(q[:, :, :, start:end], k[:, :, :end],
                                     v[:, :, :end], mask))
        mixed = torch.cat(tiles, 3).permute(0, 3, 1, 2, 4).flatten(2)
        return self.linear(self.attn_output, mixed)

    def feed_forward(self, x):
        gate, up = self.linear(self.ffn_gate_up, x).chunk(2, -1)
        # The backward pass of torch's own silu is slow in bfloat16.
        return self.linear(self.ffn_down, gate * torch.sigmoid(gate) * up)

    def forward(self, x, turns, mask):
        x = x + self.dropout(self.attention(self.attn_norm(x), turns, mask))
        return x + self.dropout(self.feed_forward(self.ffn_norm(x)))


class Llama(nn.Module):
    """Logits from token numbers [batch, position]; the embedding is tied."""

    def __init__(self, shape, dropout=0.0, dtype=torch.bfloat16):
        super().__init__()
        self.shape, self.dtype = shape, dtype
        self.token_embd = nn.Embedding(shape.vocab, shape.d_model)
        self.blk = nn.ModuleList(Block(shape, dropout, dtype)
                                 for _ in range(shape.layers))
        self.output_norm = RMSNorm(shape)
        self.register_buffer("turns", rope_turns(shape), persistent=False)
        self.dropout = nn.Dropout(dropout)
        self._init_weights()

    def _init_weights(self):
        """Normal with deviation 0.02; what adds to the stream, by depth."""
        for name, weight in self.named_parameters():
            if weight.dim() < 2:
                continue
            adds = name.endswith(("attn_output.weight", "ffn_down.weight"))
            scale = (2 * self.shape.layers) ** -0.5 if adds else 1.0
            nn.init.normal_(weight, std=0.02 * scale)

    def _mask(self, tile):
        """Zero for the keys before the tile, then a triangle in its own."""
        mask = torch.full((tile, tile), float("-inf"), dtype=self.dtype).triu(1)
        before = torch.zeros(tile, self.shape.context - tile, dtype=self.dtype)
        group = self.shape.heads // self.shape.kv_heads
        return torch.cat((before, mask), 1).repeat(group, 1)[None]

    def forward(self, ids):
        """Any length that is at most a tile or a multiple of it."""
        length = ids.shape[1]
        mask = self._mask(min(length, Block.TILE))
        x = self.dropout(self.token_embd(ids))
        for block in self.blk:
            x = block(x, self.turns[:length], mask)
        x = self.output_norm(x).to(self.dtype)
        return functional.linear(x, self.token_embd.weight.to(self.dtype)).float()

    def gguf_tensors(self):
        """Weights by their names in GGUF: matrices F16, vectors F32."""
        s = self.shape
        kv = s.kv_heads * s.head_dim
        tensors = {"token_embd.weight": self.token_embd.weight}
        for i, b in enumerate(self.blk):
            q, k, v = b.attn_qkv.weight.split((s.d_model, kv, kv))
            gate, up = b.ffn_gate_up.weight.chunk(2)
            named = {"attn_norm": b.attn_norm.weight, "attn_q": q, "attn_k": k,
                     "attn_v": v, "attn_output": b.attn_output.weight,
                     "ffn_norm": b.ffn_norm.weight, "ffn_gate": gate,
                     "ffn_up": up, "ffn_down": b.ffn_down.weight}
            tensors.update({f"blk.{i}.{n}.weight": t for n, t in named.items()})
        tensors["output_norm.weight"] = self.output_norm.weight
        return {name: t.detach().numpy().astype(
                    numpy.float16 if t.dim() == 2 else numpy.float32)
                for name, t in tensors.items()}

    def gguf_metadata(self):
        s = self.shape
        return {
            "llama.vocab_size": (gguf.U32, s.vocab),
            "llama.context_length": (gguf.U32, s.context),
            "llama.embedding_length": (gguf.U32, s.d_model),
            "llama.block_count": (gguf.U32, s.layers),
            "llama.feed_forward_length": (gguf.U32, s.ffn),
            "llama.attention.head_count": (gguf.U32, s.heads),
            "llama.attention.head_count_kv": (gguf.U32, s.kv_heads),
            "llama.attention.layer_norm_rms_epsilon": (gguf.F32, s.rms_eps),
            "llama.rope.dimension_count": (gguf.U32, s.head_dim),
            "llama.rope.freq_base": (gguf.F32, s.rope_base),
        }
