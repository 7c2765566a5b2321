# SPDX-License-Identifier: MIT
#
# NVIDIA A100 PCIe 80 GB, as a roofline.
#
# 108 SMs of 1024 dense FP16 MACs a cycle at 1410 MHz: 312 TFLOPS; INT8 624,
# INT4 1248 TOPS, 1935 GB/s, 300 W: NVIDIA, "A100 Tensor Core GPU datasheet".
# The SXM4 board has 2039 GB/s and 400 W, the boards of 40 GB 1555 GB/s; texts
# of the announcement give the PCIe board 250 W, which is that of 40 GB. The
# 32 cores here share all SMs; shared memory and L2, 60 MiB, are their SRAM.
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

description = "NVIDIA A100 PCIe 80 GB: 312 TFLOPS FP16, 1.94 TB/s"

cores = 32
sram = 1920K
clock_mhz = 1410
memory_gbps = 1935
memory_latency = 700
memory_burst = 32
memory_size = 80G
sram_banks = 216
sram_bank_bytes = 16
queue_cycles = 1410
interrupt_cycles = 1410
array_columns = 48
macs_int8 = 6912
macs_int4 = 13824
macs_fp16 = 3456
vector_lanes = 216

pj_mac_int8 = 0.077
pj_mac_int4 = 0.038
pj_mac_fp16 = 0.5
pj_vector = 1.69
pj_sram_byte = 1.75
pj_memory_byte = 31.2
idle_watts = 45
watts = 300
