"""Attempts to call a function about batches: at once, again after errors, in time."""

import asyncio
import contextvars
import inspect
import queue
import threading
from itertools import chain, islice

from sklearn import config_context, get_config

from sklime.model.calls.asynchronous import is_async
from sklime.model.calls.event_loop import EVENT_LOOP
from sklime.validation import missing_extra

# Seconds that calls on the way may still take after another one failed, without a timeout.
_GRACE = 1.0

# Seconds before the first further attempt, doubled before each later one; the most.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 10.0


class BatchFailed(Exception):
    """Error: a batch that was not answered.

    Parameters
    ----------
    batch : int
        Which batch.
    error : Exception
        Of the last attempt.
    """

    def __init__(self, batch, error):
        super().__init__(batch, error)
        self.batch, self.error = batch, error


def answers_of_batches(function, batches, calls):
    """Call a function about batches, as many at once as wanted.

    Parameters
    ----------
    function : callable
        Synchronous or asynchronous.
    batches : iterable of tables
        Taken one by one, as they are called about.
    calls : Calls
        How.

    Yields
    ------
    batch : int
        Which batch; in the order in which they are answered.
    answer : object
        What the function returned.

    Raises
    ------
    BatchFailed
        At the first batch that has no answer; no further one is begun.
    """
    if calls.concurrency > 1 or calls.timeout is not None or is_async(function):
        yield from _in_loop(function, batches, calls)
        return
    call = _call_here
    if calls.retries:
        call = _retrying(calls).wraps(_call_here)
    for i, batch in enumerate(batches):
        try:
            answer = call(function, batch)
        except Exception as error:
            raise BatchFailed(i, error) from error
        yield i, answer


def _in_loop(function, batches, calls):
    """The same in the event loop, whose thread hands answers over in a queue."""
    patience = None
    if is_async(function):
        # A blocked loop does not notice time-outs itself.
        patience = calls.timeout
    else:
        function = _with_settings(function)
    arrived = queue.SimpleQueue()
    whole = EVENT_LOOP.submit(_ask_all(function, enumerate(batches), calls, arrived.put))
    whole.add_done_callback(lambda _: arrived.put(None))
    try:
        while (item := _next_of(arrived, patience)) is not None:
            yield item
        whole.result()
    finally:
        whole.cancel()


def _next_of(arrived, timeout):
    """Next item of a queue; an error where the loop that fills it is blocked."""
    while True:
        try:
            return arrived.get(timeout=timeout)
        except queue.Empty:
            if not EVENT_LOOP.responds(max(timeout, _GRACE)):
                EVENT_LOOP.abandon()
                raise TimeoutError(
                    f"an asynchronous function blocks its event loop for more than "
                    f"Calls(timeout={timeout!r}) seconds: let it await what takes time, or "
                    "give a function that is not asynchronous"
                ) from None


async def _ask_all(function, batches, calls, report):
    """Ask about all batches; as many tasks as calls at once take the next one each."""
    failed = False

    async def work(first):
        nonlocal failed
        for i, batch in chain([first], batches):
            try:
                report((i, await _ask(function, batch, calls)))
            except Exception as error:
                failed = True
                raise BatchFailed(i, error) from error
            if failed:
                return

    tasks = []
    try:
        # No more of them than there are batches.
        for first in islice(batches, calls.concurrency):
            tasks.append(asyncio.ensure_future(work(first)))
        if not tasks:
            return
        done, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        if others:
            # What was asked already is worth waiting for, but nothing new is begun.
            grace = _GRACE if calls.timeout is None else calls.timeout
            await asyncio.wait(others, timeout=grace)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            _leave(task)


async def _ask(function, batch, calls):
    if not calls.retries:
        return await _attempt(function, batch, calls.timeout)
    retrying = _retrying(calls, asynchronous=True)
    return await retrying(_attempt, function, batch, calls.timeout)


async def _attempt(function, batch, timeout):
    call = asyncio.ensure_future(_called(function, batch))
    # What ignores its cancellation is not waited for, as `asyncio.wait_for` would.
    done, _ = await asyncio.wait([call], timeout=timeout)
    if not done:
        _leave(call)
        raise TimeoutError(f"the model gave no answer within timeout={timeout!r} seconds")
    return call.result()


def _leave(task):
    """Cancel a task and let nobody complain that its error was not looked at."""
    task.cancel()
    task.add_done_callback(lambda own: own.cancelled() or own.exception())


async def _called(function, batch):
    if is_async(function):
        return await function(batch)
    answer = await _in_thread(function, batch)
    return await answer if inspect.isawaitable(answer) else answer


def _call_here(function, batch):
    """Call a function in this thread; what it leaves to be awaited goes to the loop."""
    answer = function(batch)
    if inspect.isawaitable(answer):
        future = EVENT_LOOP.submit(_awaited(answer))
        try:
            return future.result()
        finally:
            future.cancel()  # where the program was interrupted
    return answer


async def _awaited(answer):
    return await answer


def _in_thread(function, batch):
    """Call a function in a thread that no end of the program waits for.

    Returns
    -------
    asyncio.Future
    """
    loop, context = asyncio.get_running_loop(), contextvars.copy_context()
    future = loop.create_future()

    def settle(method, value):
        if not future.done():
            method(value)

    def run():
        try:
            own = future.set_result, context.run(function, batch)
        except BaseException as error:
            own = future.set_exception, _without_stop(error)
        loop.call_soon_threadsafe(settle, *own)

    threading.Thread(target=run, name="sklime-call", daemon=True).start()
    return future


def _without_stop(error):
    """Error that a future can hold: it refuses StopIteration."""
    if isinstance(error, StopIteration):
        return RuntimeError(f"the model raised {error!r}")
    return error


def _with_settings(function):
    """A function that runs under scikit-learn's settings of this thread in any other."""
    settings = get_config()

    def call(batch):
        with config_context(**settings):
            return function(batch)

    return call


def _retrying(calls, asynchronous=False):
    """Tenacity's loop of attempts: after errors of some kinds, with growing pauses.

    Pauses are the same every time, so that no global random state is touched.
    """
    try:
        import tenacity
    except ImportError:
        own = f"Calls(retries={calls.retries!r})", "tenacity", "calls"
        raise missing_extra(*own) from None
    kind = tenacity.AsyncRetrying if asynchronous else tenacity.Retrying
    return kind(
        stop=tenacity.stop_after_attempt(calls.retries + 1),
        wait=tenacity.wait_exponential(multiplier=_FIRST_PAUSE, max=_LONGEST_PAUSE),
        retry=tenacity.retry_if_exception_type(calls.retry_on),
        reraise=True,
    )
