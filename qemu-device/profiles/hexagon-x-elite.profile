# SPDX-License-Identifier: MIT
#
# Qualcomm Snapdragon X Elite, Hexagon NPU, as a roofline.
#
# 45 TOPS INT8, LPDDR5X-8448 of 128 bits: Qualcomm, "Snapdragon X Elite product
# brief", 2023. Sources disagree about the memory: 135 GB/s (8448 MT/s, the
# brief) and 136 GB/s (8533 MT/s, the announcement); the first is taken. INT4
# and FP16 are not published: INT4 as INT8, FP16 half of it. Clock and array
# are not published: 16384 MACs at 1373 MHz make 45 TOPS. 8 MiB of tightly
# coupled memory (of the Hexagon generation, not of this chip).
# Burst: 32 transfers on a channel of 16 bits (JESD209-5). SRAM: 16 bytes a cycle
# for each vector lane, three operands of 32 bits and a result (chosen).
# Queue and interrupt: a fifth and half a microsecond (chosen).
#
# Energy, 7 nm: Jouppi et al., "Ten Lessons From Three Generations Shaped
# Google's TPUv4i", ISCA 2021, table of energy per operation: INT8 multiply
# 0.07 + add 0.007, FP16 0.34 + 0.16, FP32 1.31 + 0.38 pJ; 64 bits of a 1 MiB
# SRAM 14 pJ. 4-bit MACs are taken for half of an INT8 one.
# LPDDR5X: 4 pJ a bit (chosen). Idle and most watts: chosen.

description = "Snapdragon X Elite, Hexagon NPU: 45 TOPS INT8, 135 GB/s"

cores = 4
sram = 2M
clock_mhz = 1373
memory_gbps = 135
memory_latency = 150
memory_burst = 64
memory_size = 32G
sram_banks = 128
sram_bank_bytes = 16
queue_cycles = 300
interrupt_cycles = 700
array_columns = 32
macs_int8 = 4096
macs_int4 = 4096
macs_fp16 = 2048
vector_lanes = 128

pj_mac_int8 = 0.077
pj_mac_int4 = 0.038
pj_mac_fp16 = 0.5
pj_vector = 1.69
pj_sram_byte = 1.75
pj_memory_byte = 32
idle_watts = 0.3
watts = 12
