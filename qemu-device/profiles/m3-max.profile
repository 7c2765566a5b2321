# SPDX-License-Identifier: MIT
#
# Apple M3 Max, the GPU of 30 cores, as a roofline.
#
# 300 GB/s with 30 GPU cores, 400 GB/s with 40: Apple, "MacBook Pro 14 and 16
# technical specifications", 2023. 30 cores of 128 lanes at 1398 MHz: 10.7
# TFLOPS FP32 (notebook data bases agree about lanes, not about the clock: 1.34
# to 1.6 GHz). Sources disagree about FP16: at the rate of FP32 by the
# instruction tables that were measured, twice that by some texts; the first is
# taken. No integer matrix unit: INT8 and INT4 at the rate of FP16.
# Burst: 32 transfers on a channel of 16 bits (JESD209-5). SRAM: 16 bytes a cycle
# for each vector lane, three operands of 32 bits and a result (chosen).
# Queue and interrupt: a microsecond each (chosen).
#
# Energy, 7 nm: Jouppi et al., "Ten Lessons From Three Generations Shaped
# Google's TPUv4i", ISCA 2021, table of energy per operation: INT8 multiply
# 0.07 + add 0.007, FP16 0.34 + 0.16, FP32 1.31 + 0.38 pJ; 64 bits of a 1 MiB
# SRAM 14 pJ. 4-bit MACs are taken for half of an INT8 one.
# LPDDR5: 4 pJ a bit (chosen). Idle and most watts: chosen.

description = "Apple M3 Max, 30 GPU cores: 10.7 TFLOPS FP16, 300 GB/s"

cores = 30
sram = 256K
clock_mhz = 1398
memory_gbps = 300
memory_latency = 300
memory_burst = 64
memory_size = 36G
sram_banks = 128
sram_bank_bytes = 16
queue_cycles = 1400
interrupt_cycles = 1400
array_columns = 16
macs_int8 = 128
macs_int4 = 128
macs_fp16 = 128
vector_lanes = 128

pj_mac_int8 = 0.077
pj_mac_int4 = 0.038
pj_mac_fp16 = 0.5
pj_vector = 1.69
pj_sram_byte = 1.75
pj_memory_byte = 32
idle_watts = 1
watts = 60
