"""`make down && make up` keeps metrics, traces, incidents and models: the same test as for the processes.

In a file of its own, after those that count: a restart resets the counters they compare.
"""

from tests.e2e.stack.test_outages import test_data_survives_a_restart_of_everything

__all__ = ["test_data_survives_a_restart_of_everything"]
