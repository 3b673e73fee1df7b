"""A forked process exports its own spans, counts its own measurements and waits for no lock of its parent."""

import os
import sys

import pytest
from fastotel.sending import Target
from receiver import Kept, receive, wait_until

from fastotel import MeterProvider, OtlpSpanProcessor, TracerProvider

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),
]


def in_child(work: object) -> int:
    """Run `work` in a forked process and return its exit code: 0 if it raised nothing."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 1
    try:
        assert callable(work)
        work()
        code = 0
    except BaseException as error:
        print(f"in the child: {error!r}", file=sys.stderr)
    finally:
        os._exit(code)


def test_a_child_sends_its_own_spans_and_none_of_its_parents() -> None:
    with receive() as receiver:
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(OtlpSpanProcessor(Target(f"{receiver.endpoint}/v1/traces"), delay=60))
        tracer = provider.get_tracer("scope")
        tracer.start_span("of the parent").end()

        def work() -> None:
            tracer.start_span("of the child").end()
            assert provider.force_flush()

        assert in_child(work) == 0
        assert [span.name for span in receiver.spans()] == ["of the child"]
        assert provider.force_flush()
        wait_until(lambda: len(receiver.spans()) == 2, "the parent's export")
        identities = [resource["service.instance.id"] for resource in receiver.resources()]
        assert identities[0] != identities[1]
        provider.shutdown()


def test_a_child_counts_from_nothing() -> None:
    kept = Kept()
    provider = MeterProvider(exporters=[kept], shutdown_on_exit=False)
    counter = provider.get_meter("scope").create_counter("counter")
    counter.add(5)

    def work() -> None:
        counter.add(1)
        provider.force_flush()
        assert [point.value for point in kept.metrics["counter"].data.data_points] == [1]

    assert in_child(work) == 0
    provider.force_flush()
    assert [point.value for point in kept.metrics["counter"].data.data_points] == [5]
    provider.shutdown()


def test_a_lock_held_at_the_fork_is_free_in_the_child() -> None:
    provider = MeterProvider(exporters=[Kept()], shutdown_on_exit=False)
    counter = provider.get_meter("scope").create_counter("counter")
    counter.add(1)
    with counter.points._lock:  # type: ignore[attr-defined]
        assert in_child(lambda: counter.add(1)) == 0
    provider.shutdown()
