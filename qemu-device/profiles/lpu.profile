# SPDX-License-Identifier: MIT
#
# A language processing unit: all weights in SRAM, everything scheduled ahead.
#
# After Groq's first chip: 230 MB of SRAM, 80 TB/s, 750 TOPS INT8, 188 TFLOPS
# FP16 at 900 MHz: Groq, "LPU accelerator card product brief"; Abts et al.,
# "Think Fast: A Tensor Streaming Processor", ISCA 2020. Sources disagree about
# the SRAM: 230 MB here and in the paper (220 MiB), 500 MB in texts about later
# chips. "Memory" is that SRAM, reached in a few cycles; a model that does not
# fit takes several chips, which is not modelled. Four arrays of 320 by 320
# INT8 MACs are cut into 32 cores. 300 W: the brief (TDP 215 W, worst 375 W in
# other texts).
# Burst: 16 bytes, a word of a superlane (the paper). SRAM: 16 bytes a cycle for
# each vector lane (chosen).
# Queue and interrupt: a microsecond each (chosen).
#
# Energy, 7 nm: Jouppi et al., "Ten Lessons From Three Generations Shaped
# Google's TPUv4i", ISCA 2021, table of energy per operation: INT8 multiply
# 0.07 + add 0.007, FP16 0.34 + 0.16, FP32 1.31 + 0.38 pJ; 64 bits of a 1 MiB
# SRAM 14 pJ. 4-bit MACs are taken for half of an INT8 one.
# A byte of "memory" is one of SRAM. Idle watts: chosen.

description = "LPU, weights in 230 MB of SRAM: 750 TOPS INT8, 80 TB/s"

cores = 32
sram = 1M
clock_mhz = 900
memory_gbps = 80000
memory_latency = 10
memory_burst = 16
memory_size = 220M
sram_banks = 320
sram_bank_bytes = 16
queue_cycles = 900
interrupt_cycles = 900
array_columns = 64
macs_int8 = 12800
macs_int4 = 12800
macs_fp16 = 3200
vector_lanes = 320

pj_mac_int8 = 0.077
pj_mac_int4 = 0.038
pj_mac_fp16 = 0.5
pj_vector = 1.69
pj_sram_byte = 1.75
pj_memory_byte = 1.75
idle_watts = 90
watts = 300
