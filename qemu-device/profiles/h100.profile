# SPDX-License-Identifier: MIT
#
# NVIDIA H100 SXM5 80 GB, as a roofline.
#
# 132 SMs of 2048 dense FP16 MACs a cycle at 1830 MHz: 989 TFLOPS; INT8 1979
# TOPS, 3.35 TB/s, 700 W: NVIDIA, "H100 Tensor Core GPU datasheet". Sources
# disagree about the clock (1830 MHz follows from the TFLOPS, 1980 is the
# highest) and about the memory (3.35 TB/s in the datasheet, 3.0 in early
# texts). Figures "with sparsity" are twice these. No INT4 in the tensor cores:
# as INT8. The 32 cores here share all SMs; shared memory and L2, 83 MiB, are
# their SRAM.
# Burst: 32 bytes, a burst of a pseudo channel (JESD235, JESD238) and a sector of
# the L2 cache. SRAM: 16 bytes a cycle for each vector lane, as register files
# feed it: three operands of 32 bits and a result (chosen).
# Queue and interrupt: a microsecond each (chosen).
#
# Energy, 7 nm: Jouppi et al., "Ten Lessons From Three Generations Shaped
# Google's TPUv4i", ISCA 2021, table of energy per operation: INT8 multiply
# 0.07 + add 0.007, FP16 0.34 + 0.16, FP32 1.31 + 0.38 pJ; 64 bits of a 1 MiB
# SRAM 14 pJ. 4-bit MACs are taken for half of an INT8 one.
# HBM: 3.9 pJ a bit, O'Connor et al., "Fine-Grained DRAM", MICRO 2017. Idle
# watts: chosen, as nvidia-smi shows.

description = "NVIDIA H100 SXM5: 989 TFLOPS FP16, 3.35 TB/s"

cores = 32
sram = 2560K
clock_mhz = 1830
memory_gbps = 3350
memory_latency = 800
memory_burst = 32
memory_size = 80G
sram_banks = 528
sram_bank_bytes = 16
queue_cycles = 1830
interrupt_cycles = 1830
array_columns = 64
macs_int8 = 16896
macs_int4 = 16896
macs_fp16 = 8448
vector_lanes = 528

pj_mac_int8 = 0.077
pj_mac_int4 = 0.038
pj_mac_fp16 = 0.5
pj_vector = 1.69
pj_sram_byte = 1.75
pj_memory_byte = 31.2
idle_watts = 70
watts = 700
