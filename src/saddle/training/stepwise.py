"""A function that is played step by step: it stops at points of its own, and goes on when it is told to."""

import threading
from collections.abc import Callable
from typing import Any

import torch


class Stepwise:
    """Plays `function` in a thread of its own, which runs only while the caller waits in `advance`.

    So two functions can take turns without running at the same time. Each keeps a random state and a default dtype of
    torch of its own, and the caller's default dtype is left as it was.
    `function` receives `pause`, which it calls at each point with the point's name.
    """

    def __init__(self, function: Callable[[Callable[[str], None]], None]) -> None:
        self._function = function
        self._go_on, self._arrived = threading.Semaphore(0), threading.Semaphore(0)
        self._point: str | None = None
        self._error: BaseException | None = None
        threading.Thread(target=self._play, daemon=True, name="stepwise").start()

    def advance(self) -> str | None:
        """Play to the next point; returns its name, or None at the end. Raises what the function raised."""
        dtype = torch.get_default_dtype()
        self._go_on.release()
        self._arrived.acquire()
        torch.set_default_dtype(dtype)
        if self._error is not None:
            raise self._error
        return self._point

    def _play(self) -> None:
        self._go_on.acquire()
        try:
            self._function(self._pause)
        except BaseException as error:
            self._error = error
        self._point = None
        self._arrived.release()

    def _pause(self, point: str) -> None:
        self._point = point
        state, dtype = _random_state(), torch.get_default_dtype()
        self._arrived.release()
        self._go_on.acquire()
        _set_random_state(state)
        torch.set_default_dtype(dtype)


def _random_state() -> tuple[torch.Tensor, Any]:
    """The state of torch's default generators."""
    on_cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    return torch.get_rng_state(), on_cuda


def _set_random_state(state: tuple[torch.Tensor, Any]) -> None:
    on_cpu, on_cuda = state
    torch.set_rng_state(on_cpu)
    if on_cuda is not None:
        torch.cuda.set_rng_state_all(on_cuda)
