# SPDX-License-Identifier: MIT
#
# Apple M4, Neural Engine, as a roofline.
#
# 16 cores, 38 TOPS: Apple, "Apple introduces M4 chip", 7 May 2024. Sources
# disagree about the type: the figure is of INT8; those who measured the engine
# found half of it for FP16, and no gain of INT8 where weights only are 8 bits
# wide. Here: INT8 38 TOPS, FP16 19. Clock, array and SRAM are not published;
# 1024 INT8 MACs a core make the clock 1160 MHz.
# Memory: 120 GB/s, all of the chip's (Apple, same text); the engine alone is
# said to reach less.
# Burst: 32 transfers on a channel of 16 bits (JESD209-5). SRAM: 16 bytes a cycle
# for each vector lane, three operands of 32 bits and a result (chosen).
# Queue and interrupt: a fifth and half a microsecond (chosen).
#
# Energy, 7 nm: Jouppi et al., "Ten Lessons From Three Generations Shaped
# Google's TPUv4i", ISCA 2021, table of energy per operation: INT8 multiply
# 0.07 + add 0.007, FP16 0.34 + 0.16, FP32 1.31 + 0.38 pJ; 64 bits of a 1 MiB
# SRAM 14 pJ. 4-bit MACs are taken for half of an INT8 one.
# LPDDR5X: 4 pJ a bit (chosen). Idle and most watts: chosen.

description = "Apple M4, Neural Engine: 38 TOPS INT8, 120 GB/s"

cores = 16
sram = 2M
clock_mhz = 1160
memory_gbps = 120
memory_latency = 150
memory_burst = 64
memory_size = 16G
sram_banks = 64
sram_bank_bytes = 16
queue_cycles = 250
interrupt_cycles = 600
array_columns = 16
macs_int8 = 1024
macs_int4 = 1024
macs_fp16 = 512
vector_lanes = 64

pj_mac_int8 = 0.077
pj_mac_int4 = 0.038
pj_mac_fp16 = 0.5
pj_vector = 1.69
pj_sram_byte = 1.75
pj_memory_byte = 32
idle_watts = 0.1
watts = 8
