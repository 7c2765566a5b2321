# SPDX-License-Identifier: MIT
#
# A wafer: all weights in SRAM beside 900,000 cores.
#
# After the Cerebras WSE-3: 44 GB of SRAM, 21 PB/s, 125 PFLOPS FP16: Cerebras,
# "CS-3 / WSE-3", March 2024. The FLOPS are "AI" ones; sources disagree whether
# they count sparsity (others give 12.5 dense); they are taken as they are
# published. Clock 1.1 GHz: of the WSE-2. "Memory" is that SRAM; 32 cores stand
# for all, so their arrays are far too large for one product of a small model:
# what is attained stays below the roof. 23 kW: of the system.
# Burst: a word of 64 bits (chosen). SRAM: eight banks of 32 bits for each of the
# small cores, 28125 of which are one here: Lie, "Cerebras Architecture Deep
# Dive", Hot Chips 34, 2022.
# Queue and interrupt: a microsecond each (chosen).
#
# Energy, 7 nm: Jouppi et al., "Ten Lessons From Three Generations Shaped
# Google's TPUv4i", ISCA 2021, table of energy per operation: INT8 multiply
# 0.07 + add 0.007, FP16 0.34 + 0.16, FP32 1.31 + 0.38 pJ; 64 bits of a 1 MiB
# SRAM 14 pJ. 4-bit MACs are taken for half of an INT8 one.
# A byte of "memory" is one of SRAM. Idle watts: chosen.

description = "wafer, weights in 44 GB of SRAM: 125 PFLOPS FP16, 21 PB/s"

cores = 32
sram = 16M
clock_mhz = 1100
memory_gbps = 21000000
memory_latency = 10
memory_burst = 8
memory_size = 41G
sram_banks = 225000
sram_bank_bytes = 4
queue_cycles = 1100
interrupt_cycles = 1100
array_columns = 256
macs_int8 = 1775616
macs_int4 = 1775616
macs_fp16 = 1775616
vector_lanes = 28416

pj_mac_int8 = 0.077
pj_mac_int4 = 0.038
pj_mac_fp16 = 0.5
pj_vector = 1.69
pj_sram_byte = 1.75
pj_memory_byte = 1.75
idle_watts = 5000
watts = 23000
