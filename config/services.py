"""What services are told of the configuration: they read environment variables and nothing else."""

from config.model import Config
from config.objectives import RECOMMENDER


def service_environment(config: Config) -> dict[str, str]:
    """The variables of the recommender, the trainer, traffic and the inbox; durations in seconds."""
    return {
        "RECOMMENDER_K": str(config.recommendations.k),
        "RECOMMENDER_STORAGE_DEADLINE": f"{config.storage.deadline:g}",
        "RECOMMENDER_ATTRIBUTION_WINDOW": f"{config.recommendations.attribution_window:g}",
        "RECOMMENDER_LATENCY_LIMIT": f"{find_latency_limit(config):g}",
        "RECOMMENDER_SHADOW_PROCESSOR": f"{config.shadow.processor:g}",
        "RECOMMENDER_SHADOW_MAX_LAG": f"{config.shadow.max_lag:g}",
        **{f"DATASET_{role.upper()}": name for role, name in config.dataset.columns if name},
    }


def find_latency_limit(config: Config) -> float:
    """Seconds beyond which an answer of the recommender is slow."""
    limits = [service.latency_threshold for service in config.watched if service.name == RECOMMENDER]
    return limits[0] if limits else config.objectives.latency.threshold
