"""For each alert: what stays just below it, and what breaches it, second by second."""

from tests.rules.scenarios import (
    budgets,
    model_and_data,
    model_data,
    models,
    pipeline,
    quality,
    services,
    storage,
    unusual,
    watchers,
)
from tests.rules.scenarios.scenario import Scenario

SCENARIOS: dict[str, Scenario] = {
    **storage.SCENARIOS,
    **services.SCENARIOS,
    **unusual.SCENARIOS,
    **quality.SCENARIOS,
    **model_and_data.SCENARIOS,
    **models.SCENARIOS,
    **model_data.SCENARIOS,
    **pipeline.SCENARIOS,
    **watchers.SCENARIOS,
    **budgets.SCENARIOS,
}
