"""CPU per observation of the monitor, whylogs and evidently on the same rows, in one run; best of three."""

from time import process_time, sleep, thread_time

import pandas as pd

from monitor.comparison.systems import SCORE, TRUTH, Ours, System, Whylogs, all_systems, draw

BATCHES = (1_000, 10_000, 100_000)
ROUNDS = 3
REQUESTS = {"whence_monitor": 50_000, "whylogs 1.6.4": 2_000}
"""Single requests; whylogs needs a second for so many."""


def cost_of_batches(system: System, frame: pd.DataFrame, *, labels: bool) -> float:
    """Microseconds of CPU per row."""
    seconds = []
    for _ in range(ROUNDS):
        begun = process_time()
        system.watch(frame, labels=labels)
        seconds.append(process_time() - begun)
    return min(seconds) / len(frame) * 1e6


def cost_of_requests(system: Ours | Whylogs, frame: pd.DataFrame) -> tuple[float, float]:
    """Seconds of CPU on the calling thread and in all, of one request after the other."""
    rows = frame.drop(columns=[SCORE, TRUTH]).to_dict("records")
    scores = frame[SCORE].tolist()
    calling, begun = 0.0, process_time()
    for start in range(0, len(rows), 2_000):
        calling -= thread_time()
        for row, score in zip(rows[start : start + 2_000], scores[start : start + 2_000], strict=True):
            if isinstance(system, Ours):
                system.monitor.observe(row, score)
            else:
                system.profile.track(row | {SCORE: score})
        calling += thread_time()
        if isinstance(system, Ours):
            sleep(0.001)
            system.monitor.flush()
    return calling, process_time() - begun


def measure(system: System, frames: list[pd.DataFrame]) -> list[str]:
    """One row of the table."""
    cells = ["—", "—"]
    if isinstance(system, Ours | Whylogs):
        number = REQUESTS[system.name]
        costs = [cost_of_requests(system, frames[-1][:number]) for _ in range(ROUNDS)]
        cells = [f"{min(found) / number * 1e6:.1f}" for found in zip(*costs, strict=True)]
    for labels in (False, True):
        cells += [f"{cost_of_batches(system, frame, labels=labels):.1f}" for frame in frames]
    return [system.name, *cells]


def main() -> None:
    """Print the table."""
    reference = draw(10_000, seed=1)
    frames = [draw(rows, seed=2) for rows in BATCHES]
    sizes = [f"{rows:,}" for rows in BATCHES]
    header = ["µs of CPU per observation", "one by one, calling thread", "one by one, in all"]
    header += [f"batches of {size}" for size in sizes] + [f"{size}, labelled" for size in sizes]
    print("| " + " | ".join(header) + " |")
    print("|---|" + "---:|" * (len(header) - 1))
    for system in all_systems(reference):
        print("| " + " | ".join(measure(system, frames)) + " |", flush=True)


if __name__ == "__main__":
    main()
