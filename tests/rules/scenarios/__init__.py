"""For each alert: what stays just below it, and what breaches it, second by second."""

from tests.rules.scenarios import budgets, services, storage, watchers
from tests.rules.scenarios.scenario import Scenario

SCENARIOS: dict[str, Scenario] = {
    **storage.SCENARIOS,
    **services.SCENARIOS,
    **watchers.SCENARIOS,
    **budgets.SCENARIOS,
}
