"""Ctrl-C and SIGTERM while training: finish the step, save, leave; a second Ctrl-C leaves at once."""
import signal
import threading


class Interrupt:
    """`with Interrupt() as interrupt:` … `if interrupt.requested:` save and stop."""

    def __init__(self):
        self.requested = False
        self._before = {}

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._receive)
        return self

    def _receive(self, number, frame):
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True

    def __exit__(self, *_):
        for number, handler in self._before.items():
            signal.signal(number, handler)
