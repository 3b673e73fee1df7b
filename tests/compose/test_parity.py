"""What holds for the processes holds for the containers: the same tests, on the same files."""

from tests.e2e.stack.test_counts import test_users_prometheus_and_jaeger_count_the_same
from tests.e2e.stack.test_outages import (
    test_no_span_is_lost_while_jaeger_is_gone,
    test_requests_do_not_notice_that_the_collector_is_gone,
)
from tests.e2e.stack.test_signals import (
    test_process_is_seen,
    test_verify_finds_nothing_wrong,
)
from tests.e2e.stack.test_story import test_slow_storage_is_noticed_explained_and_mended

__all__ = [
    "test_no_span_is_lost_while_jaeger_is_gone",
    "test_process_is_seen",
    "test_requests_do_not_notice_that_the_collector_is_gone",
    "test_slow_storage_is_noticed_explained_and_mended",
    "test_users_prometheus_and_jaeger_count_the_same",
    "test_verify_finds_nothing_wrong",
]
