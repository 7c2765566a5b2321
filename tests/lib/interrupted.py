#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What Ctrl-C does to npu-run, on a terminal.

    tests/lib/interrupted.py plain|twice|session npu-run OPTION...

Standard output is a pipe that is almost full, so the program stands still in
the middle of an answer until this one reads: however fast it is, Ctrl-C comes
while it writes. Prints what it saw as NAME=VALUE lines.
"""
import fcntl
import os
import pty
import select
import sys

ROOM = 48       # bytes of text that fit before the program must wait


class Program:
    def __init__(self, command):
        self.screen = b''       # what came over the terminal: standard error, echo
        self.text = b''         # what came over the pipe
        self.out, end = os.pipe()
        size = fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, 4096)
        os.write(end, b'.' * (size - ROOM))
        self.pid, self.terminal = pty.fork()
        if not self.pid:
            os.dup2(end, 1)
            os.execvp(command[0], command)
        os.close(end)

    def stands_still(self):
        """Whether the program waits for room in the pipe."""
        with open('/proc/%d/syscall' % self.pid) as file:
            return file.read().startswith('1 0x1 ')     # write(1, ...)

    def read_screen(self, seconds=None):
        """More of the screen; False at its end."""
        if not select.select([self.terminal], [], [], seconds)[0]:
            return True
        try:
            more = os.read(self.terminal, 4096)
        except OSError:
            more = b''
        self.screen += more
        return bool(more)

    def interrupt(self):
        """Type Ctrl-C in the middle of an answer; its echo follows the signal."""
        before = self.screen.count(b'^C')
        while not self.stands_still():
            if not self.read_screen(0.01):
                raise EOFError(self.screen.decode())
        self.type(b'\x03')
        while self.screen.count(b'^C') == before and self.read_screen():
            pass

    def await_prompt(self, before, files):
        """Until the screen shows more prompts than before; reads what comes from files."""
        while self.screen.count(b'> ') <= before:
            ready = select.select(files, [], [])[0]
            if self.out in ready:
                self.text += os.read(self.out, 4096)
            if self.terminal in ready and not self.read_screen():
                raise EOFError(self.screen.decode())

    def type(self, text):
        os.write(self.terminal, text)

    def await_end(self):
        """Read all that is left, and give the exit status."""
        os.set_blocking(self.out, True)
        while more := os.read(self.out, 4096):
            self.text += more
        while self.read_screen():
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def shown(program):
    return program.text.lstrip(b'.').decode()


def plain(program):
    """One answer, one Ctrl-C."""
    program.interrupt()
    print('status=%d' % program.await_end())
    print('length=%d' % len(shown(program)))
    print('figures=%d' % (b'generated' in program.screen))


def twice(program):
    """The program does not come to heed the first one."""
    program.interrupt()
    program.interrupt()
    print('status=%d' % program.await_end())
    print('figures=%d' % (b'generated' in program.screen))


def session(program):
    """An answer that is ended, one that is not, and Ctrl-C at the prompt."""
    program.await_prompt(0, [program.terminal])
    program.type(b'And the king/\n')
    program.interrupt()
    program.await_prompt(1, [program.terminal, program.out])
    first = shown(program)
    program.type(b'And/\n')
    program.await_prompt(2, [program.terminal, program.out])
    second = shown(program)[len(first):]
    program.type(b'\x03')
    print('status=%d' % program.await_end())
    print('first=%d' % len(first))
    print('second=%d' % len(second))
    print('figures=%d' % (b'generated' in program.screen))


if __name__ == '__main__':
    {'plain': plain, 'twice': twice, 'session': session}[sys.argv[1]](Program(sys.argv[2:]))
