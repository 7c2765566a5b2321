# SPDX-License-Identifier: MIT
#
# The default: a small NPU beside a CPU, with everything described in
# Documentation/timing.rst. Copy this file, change it, and give its name:
# -device npu,profile=FILE, NPU_DEVICE=sim:FILE, npu-vm --device profile=FILE.
#
# Sizes may end in K, M or G (of 1024), numbers may have three decimals.

description = "small NPU with LPDDR5X, described in full"

cores = 2
sram = 1M               # of each core
clock_mhz = 1000
memory_gbps = 34        # 10^9 bytes/s: LPDDR5X-8533, 32 bits wide, is 34.1
memory_latency = 100    # cycles from a request to its first byte
memory_burst = 64       # bytes: 32 transfers on a channel of 16 bits, its longest burst
memory_size = 8G        # what a model has to fit into

sram_banks = 32         # each reads or writes a word in a cycle
sram_bank_bytes = 16    # 512 bytes/cycle: three operands and a result of each lane
queue_cycles = 200        # from the doorbell until the descriptor is asked for
interrupt_cycles = 500    # from the completion in memory until the CPU has the interrupt
array_columns = 16      # columns of C at a time; the rest of a MAC count is k
macs_int8 = 1024        # multiply-accumulates of a core in a cycle
macs_int4 = 2048
macs_fp16 = 256
vector_lanes = 32       # binary32

pj_mac_int8 = 0.23      # multiply 0.2 + add 0.03: Horowitz, ISSCC 2014, 45 nm
pj_mac_int4 = 0.115     # half of it
pj_mac_fp16 = 1.5       # multiply 1.1 + add 0.4: Horowitz
pj_vector = 4.6         # binary32 multiply 3.7 + add 0.9: Horowitz
pj_sram_byte = 1.25     # 10 pJ for 64 bits of an 8 KiB bank: Horowitz
pj_memory_byte = 40     # 5 pJ a bit, of LPDDR
idle_watts = 0.1        # 50 mW a core
watts = 2               # most that it may draw
