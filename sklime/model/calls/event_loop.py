"""One event loop in a thread of its own, for coroutines of programs that have loops."""

import asyncio
import os
import threading


class EventLoop:
    """Event loop in a daemon thread, which a process starts at its first use.

    One for the whole process, as clients for asynchronous requests keep connections that
    belong to a loop. A notebook's own loop, which runs already, is left alone.
    """

    def __init__(self):
        self.forget()

    def forget(self):
        """Forget the loop, as a child of the process does: its thread does not live on."""
        self._lock = threading.Lock()
        self._loop = self._thread = None

    def submit(self, coroutine):
        """Start a coroutine.

        Returns
        -------
        concurrent.futures.Future

        Raises
        ------
        RuntimeError
            If it comes from the loop's own thread, which would wait for itself.
        """
        with self._lock:
            if threading.current_thread() is self._thread:
                coroutine.close()
                raise RuntimeError(
                    "an asynchronous model must not call one with calls= itself: let it "
                    "await the other's function"
                )
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name="sklime-calls", daemon=True
                )
                self._thread.start()
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def responds(self, seconds):
        """Whether the loop does anything within some time, rather than being blocked."""
        alive = threading.Event()
        self._loop.call_soon_threadsafe(alive.set)
        return alive.wait(seconds)

    def abandon(self):
        """Leave a blocked loop alone, and start another one at the next use."""
        with self._lock:
            self._loop = None


EVENT_LOOP = EventLoop()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=EVENT_LOOP.forget)
