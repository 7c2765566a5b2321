# SPDX-License-Identifier: MIT
#
# Intel Core Ultra (Meteor Lake), NPU 3720, as a roofline.
#
# Two compute engines of 2048 INT8 MACs a cycle with 2 MiB of SRAM each: Intel,
# "Meteor Lake AI acceleration and NPU", Tech Tour 2023. FP16 half of INT8.
# Sources disagree about the whole: Intel says "up to 11 TOPS" for the family,
# 2 * 4096 MACs at the highest clock of 1.4 GHz are 11.5, measurements with a
# lower clock found 9.5. The clock is taken.
# Memory: LPDDR5X-7467 of 128 bits, 119.5 GB/s, all of the chip's.
# Burst: 32 transfers on a channel of 16 bits (JESD209-5). SRAM: 16 bytes a cycle
# for each vector lane, three operands of 32 bits and a result (chosen).
# Queue and interrupt: a fifth and half a microsecond (chosen).
#
# Energy, 7 nm: Jouppi et al., "Ten Lessons From Three Generations Shaped
# Google's TPUv4i", ISCA 2021, table of energy per operation: INT8 multiply
# 0.07 + add 0.007, FP16 0.34 + 0.16, FP32 1.31 + 0.38 pJ; 64 bits of a 1 MiB
# SRAM 14 pJ. 4-bit MACs are taken for half of an INT8 one.
# LPDDR5X: 4 pJ a bit (chosen). Idle and most watts: chosen.

description = "Meteor Lake, NPU 3720: 11.5 TOPS INT8, 119.5 GB/s"

cores = 2
sram = 2M
clock_mhz = 1400
memory_gbps = 119.5
memory_latency = 180
memory_burst = 64
memory_size = 32G
sram_banks = 64
sram_bank_bytes = 16
queue_cycles = 300
interrupt_cycles = 700
array_columns = 16
macs_int8 = 2048
macs_int4 = 2048
macs_fp16 = 1024
vector_lanes = 64

pj_mac_int8 = 0.077
pj_mac_int4 = 0.038
pj_mac_fp16 = 0.5
pj_vector = 1.69
pj_sram_byte = 1.75
pj_memory_byte = 32
idle_watts = 0.2
watts = 7
