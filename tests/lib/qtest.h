/* SPDX-License-Identifier: MIT */
/* A QEMU without a guest: its memory, ports and PCI functions driven by a test. */
#ifndef TESTS_DEVICE_QTEST_H
#define TESTS_DEVICE_QTEST_H

#include <stddef.h>
#include <stdint.h>

struct qtest;

/**
 * qtest_start() - start QEMU with one device
 * @device: argument of -device
 *
 * Return: the running QEMU; ends the test program if it does not start.
 */
struct qtest *qtest_start(const char *device);

/**
 * struct qtest_options - what else a QEMU may be given
 * @args: further arguments, NULL at the end; a later one of a kind counts
 * @errors: file for what it says, or NULL: this program's standard error
 */
struct qtest_options {
	const char *const *args;
	const char *errors;
};

/**
 * qtest_start_with() - start QEMU with one device and more arguments
 * @device: argument of -device
 * @options: the rest
 *
 * Return: as qtest_start().
 */
struct qtest *qtest_start_with(const char *device, const struct qtest_options *options);

/**
 * qtest_qmp() - give QEMU one order
 * @qts: the running QEMU
 * @order: QMP command, a JSON object
 *
 * Return: the line that it answers, good until the next order; NULL if it has ended.
 */
const char *qtest_qmp(struct qtest *qts, const char *order);

/**
 * qtest_wait_end() - wait until QEMU ends by itself
 * @qts: the running QEMU
 *
 * Return: its wait status; a minute is all that it gets.
 */
int qtest_wait_end(struct qtest *qts);

/**
 * qtest_stop() - end QEMU
 * @qts: the running QEMU
 *
 * Return: 0 if it was alive and well until now, else its wait status.
 */
int qtest_stop(struct qtest *qts);

/* Its process, to look at from outside. */
int qtest_pid(const struct qtest *qts);

uint32_t qtest_readl(struct qtest *qts, uint64_t addr);
void qtest_writel(struct qtest *qts, uint64_t addr, uint32_t value);
/* Any width that the protocol has a command for: suffix b, w, l or q. */
uint64_t qtest_read_width(struct qtest *qts, char width, uint64_t addr);
void qtest_write_width(struct qtest *qts, char width, uint64_t addr, uint64_t value);
void qtest_memread(struct qtest *qts, uint64_t addr, void *buf, size_t len);
void qtest_memwrite(struct qtest *qts, uint64_t addr, const void *buf, size_t len);

void qtest_outw(struct qtest *qts, uint16_t port, uint16_t value);

uint32_t qtest_pci_read(struct qtest *qts, unsigned int devfn, unsigned int offset);
void qtest_pci_write(struct qtest *qts, unsigned int devfn, unsigned int offset, uint32_t value);

#endif /* TESTS_DEVICE_QTEST_H */
