#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# on_terminal.py TEXT KEYS COMMAND...: run a command on a terminal of its own, type
# KEYS once it has written TEXT, and write what it wrote; the status is the command's.

import os
import pty
import sys

text, keys, command = sys.argv[1].encode(), sys.argv[2].encode(), sys.argv[3:]
pid, terminal = pty.fork()
if not pid:
    os.environ.update(TERM="xterm", LINES="24", COLUMNS="120")
    os.execvp(command[0], command)
written, typed = b"", False
while True:
    try:
        part = os.read(terminal, 4096)
    except OSError:  # its last process has closed it
        break
    if not part:
        break
    written += part
    if not typed and text in written:
        os.write(terminal, keys)
        typed = True
sys.stdout.buffer.write(written)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
