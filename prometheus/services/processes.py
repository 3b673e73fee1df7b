"""What the processes of services take, and what they run out of, whatever their runtimes call it.

The first name that a service sends counts. Names and units are those of the semantic conventions, and of
Prometheus' client libraries: https://opentelemetry.io/docs/specs/semconv/system/process-metrics/,
https://opentelemetry.io/docs/specs/semconv/runtime/.
"""

from collections.abc import Iterable, Sequence

from prometheus import queries as q
from prometheus.names import Series, series
from prometheus.series import external as e
from telemetry import instruments as i

OFTEN, SELDOM = "30s", "3m"
"""Windows that hold two samples of processes that send often, and by default."""

FILES = 1024
"""Open file descriptors that a process may have, usually, where it does not say."""

SERVICE, PROCESS = ("service_name",), ("service_name", "instance")

_HOST = ("instance",)
_IDLE, _USED = 'state="idle"', 'system_filesystem_state="used"'
_ACTIVE = 'nodejs_eventloop_state="active"'
_CPU: Sequence[tuple[Series, tuple[str, ...]]] = (
    (e.PROCESS_CPU_TIME, ()),
    (e.JVM_CPU_TIME, ()),
    (e.DOTNET_CPU_TIME, ()),
    (e.GO_CPU, ()),
    (e.NODE_LOOP_TIME, (_ACTIVE,)),
)
_OLD = 'jvm_memory_pool_name=~".*(Old|Tenured|ZHeap|Shenandoah).*"'
_MEMORY: Sequence[tuple[Series, tuple[str, ...]]] = (
    (e.PROCESS_MEMORY, ()),
    (e.DOTNET_MEMORY, ()),
    (e.GO_MEMORY, ()),
    (e.JVM_MEMORY, (_OLD,)),
    (e.GO_RUNTIME_MEMORY, ()),
    (e.V8_MEMORY, ()),
)
"""Where garbage is collected, what is left of the old generation or committed: what is in use goes up and
down. A JVM says 0 before the first collection."""

_THREADS = series(i.THREAD_POOL_ACTIVE), series(i.THREAD_POOL_LIMIT)
_LOOP_LAG = series(i.EVENT_LOOP_LAG)


def cpu(*where: str) -> str:
    """Cores that the processes of a service take; of Node.js without `process.cpu.time`, its event loop's."""
    return _first(
        q.rate(of, *where, *more, by=SERVICE, window=window)
        for of, more in _CPU
        for window in (OFTEN, SELDOM)
    )


def memory(*where: str) -> str:
    """Bytes of the largest process."""
    return _first(_highest(f"{q.level(of, *where, *more, by=PROCESS)} > 0") for of, more in _MEMORY)


def pool_waiting(*where: str) -> str:
    """Requests that wait for a connection of a pool."""
    return f"sum by (service_name) ({q.select_any((e.POOL_WAITING, e.POOL_WAITING_BEFORE), *where)})"


def loop_lag(*where: str) -> str:
    """Seconds by which the event loop of the worst process is late, in the worst twentieth or hundredth."""
    own = (q.quantile(0.95, _LOOP_LAG, *where, by=PROCESS, window=window) for window in (OFTEN, SELDOM))
    return _first([q.highest(e.NODE_LOOP_DELAY, *where, by=SERVICE), *(_highest(q.known(o)) for o in own)])


def open_files(*where: str) -> str:
    """Share of the file descriptors that a process may have which the worst one has open.

    Where no limit is sent, of FILES; 0 for one that has more, and so has another limit.
    """
    limited = ((e.JVM_OPEN_FILES, e.JVM_OPEN_FILES_LIMIT), (e.GO_OPEN_FILES, e.GO_OPEN_FILES_LIMIT))
    unlimited = (q.highest(of, *where, by=PROCESS) for of in (e.PROCESS_DESCRIPTORS, e.PROCESS_OPEN_FILES))
    return _first(
        [
            *(_highest(_share(used, limit, where)) for used, limit in limited),
            *(_highest(f"{used} / {FILES} * ({used} <= bool {FILES})") for used in unlimited),
        ]
    )


def busy_threads(*where: str) -> str:
    """Share of the threads of a pool that are at work, in the worst process."""
    active, limit = (q.level(of, *where, by=(*PROCESS, "pool")) for of in _THREADS)
    return _highest(f"{active} / {limit}")


def started(*where: str) -> str:
    """When each process began (Unix seconds), the last one of those that share an identity."""
    uptime = q.select(e.PROCESS_UPTIME, *where)
    began = f"timestamp({uptime}) - {uptime}"
    return _first([f"max by ({', '.join(PROCESS)}) ({began})", q.highest(e.GO_START, *where, by=PROCESS)])


def age(*where: str) -> str:
    """Seconds since the youngest process of a service began."""
    return f"time() - {_highest(started(*where))}"


def host_cpu() -> str:
    """Share of the CPU of the stack's host that is in use; nothing where there are several."""
    return _of_one_host(f"1 - {q.mean(e.SYSTEM_CPU, _IDLE, by=_HOST)}")


def host_disk() -> str:
    """Share of the file system of the stack's host that is in use; nothing where there are several."""
    used, whole = (q.level(e.SYSTEM_FILE_SYSTEM, *where, by=_HOST) for where in ((_USED,), ()))
    return _of_one_host(f"{used} / {whole}")


def _share(used: Series, limit: Series, where: Sequence[str]) -> str:
    return " / ".join(q.highest(of, *where, by=PROCESS) for of in (used, limit))


def _first(expressions: Iterable[str]) -> str:
    return f"({' or '.join(expressions)})"


def _highest(expr: str) -> str:
    return f"max by ({', '.join(SERVICE)}) ({expr})"


def _of_one_host(expr: str) -> str:
    return f"(max ({expr}) and (count ({expr}) == 1))"
