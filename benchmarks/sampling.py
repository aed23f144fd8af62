"""Where a process spends its time: its threads' stacks, looked at 200 times a second from within.

As a command it runs `modelfleet` with the arguments given, begins anew at each SIGUSR1, and at the
end writes what it saw to the file that the environment names. Each sample is counted for the
innermost function of modelfleet (or else of the library) on the stack, and a thread that waits
isn't counted. Beside it stands what each thread used of a core by the system's own account, which
also knows the threads that run no Python (Granian's). The sampler gets its turn where others give
up Python's lock, so calls that do (SQL, the tokenizer) look somewhat larger than they are.
`py-spy`, where it is installed, does the same from outside.
"""

import os
import signal
import sys
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path
from types import FrameType

import msgspec

FILE = "BENCHMARK_SAMPLES"
_EVERY = 0.005
_CPU_EVERY = 20
_WAITING = {"select", "_wait_for_tstate_lock", "get", "accept", "poll", "run", "_worker"}
_WAITING_ANYWHERE = {"wait", "_write_until_closed"}  # the latter's queue is C: no frame of its own
_WAITING_IN = {"threading.py", "selectors.py", "queue.py", "socket.py", "thread.py"}
_TICKS = os.sysconf("SC_CLK_TCK")


class Samples(msgspec.Struct, frozen=True):
    """What was seen: samples by thread and place, and the share of a core that threads used."""

    looks: int
    places: list[tuple[str, str, int]]
    cores: dict[str, float]

    def rows(self, most: int = 20) -> list[list[str]]:
        """The rows of a table: thread, place, share of its thread's time."""
        found = sorted(self.places, key=lambda place: -place[2])[:most]
        return [[place, thread, f"{count / self.looks:.1%}"] for thread, place, count in found]


class Sampler:
    """Looks at this process's threads from a thread of its own."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
        self.begin()
        self._thread.start()

    def begin(self) -> None:
        """Begin anew, forgetting what was seen."""
        self._seen: Counter[tuple[str, str]] = Counter()
        self._looks = 0
        self._before = self._used = _cpu()
        self._begun = self._last = time.monotonic()

    def stop(self) -> Samples:
        """Stop, and tell what was seen."""
        self._stop.set()
        self._thread.join()
        cores: dict[str, float] = defaultdict(float)
        for (number, name), used in self._used.items():
            cores[name] += used - self._before.get((number, name), 0.0)
        taken = self._last - self._begun
        places = [(thread, place, count) for (thread, place), count in self._seen.items()]
        shares = {name: used / taken for name, used in cores.items() if used / taken >= 0.005}
        return Samples(self._looks, places, shares)

    def _run(self) -> None:
        while not self._stop.wait(_EVERY):
            self._looks += 1
            if self._looks % _CPU_EVERY == 0:  # threads that have ended keep what they had used
                self._used = self._used | _cpu()
                self._last = time.monotonic()
            names = {thread.ident: _kind(thread.name) for thread in threading.enumerate()}
            for ident, frame in sys._current_frames().items():  # noqa: SLF001 - the documented way
                name = names.get(ident, "?")
                if name != "sampler" and not _waits(frame):
                    self._seen[name, _place(frame)] += 1


def _kind(name: str) -> str:
    """A thread's name without what numbers it."""
    return name.partition("-1")[0].split(" ")[0].rstrip("-_0123456789")


def _waits(frame: FrameType) -> bool:
    code = frame.f_code
    is_in = Path(code.co_filename).name in _WAITING_IN
    return code.co_name in _WAITING_ANYWHERE or (code.co_name in _WAITING and is_in)


def _place(frame: FrameType) -> str:
    """The innermost function of modelfleet, and the library that it has called."""
    within = _module(frame)
    at: FrameType | None = frame
    while at is not None and "modelfleet" not in at.f_code.co_filename:
        at = at.f_back
    if at is None:
        return f"{within}.{frame.f_code.co_name}"
    own = f"{_module(at)}.{at.f_code.co_qualname}"
    return own if at is frame else f"{own} -> {within.partition('.')[0]}"


def _module(frame: FrameType) -> str:
    path = Path(frame.f_code.co_filename)
    parts = path.with_suffix("").parts
    for root in ("site-packages", "src", "lib-dynload"):
        if root in parts:
            return ".".join(parts[parts.index(root) + 1 :])
    return path.stem


def _cpu() -> dict[tuple[int, str], float]:
    """Seconds of a core that each thread has used so far, by its number and kind."""
    named = {thread.native_id: _kind(thread.name) for thread in threading.enumerate()}
    used = {}
    for task in Path("/proc/self/task").glob("*"):
        name, _, rest = (task / "stat").read_text().partition("(")[2].rpartition(")")
        ticks = sum(map(int, rest.split()[11:13]))
        number = int(task.name)
        used[number, named.get(number, f"native {name}")] = ticks / _TICKS
    return used


def main() -> None:
    """Run the command given, sampled."""
    from modelfleet.cli import main as modelfleet  # noqa: PLC0415 - the sampler starts first

    sampler = Sampler()
    signal.signal(signal.SIGUSR1, lambda _number, _frame: sampler.begin())
    try:
        modelfleet()
    finally:
        Path(os.environ[FILE]).write_bytes(msgspec.json.encode(sampler.stop()))


if __name__ == "__main__":
    main()
