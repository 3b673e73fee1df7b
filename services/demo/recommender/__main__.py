"""The process `recommender`: `python -m services.demo.recommender`."""

from services.configuration import load_settings
from services.demo.recommender.settings import RecommenderSettings
from services.demo.recommender.workers import serve_workers


def main() -> None:
    """Serve, with WORKERS processes."""
    settings = load_settings(RecommenderSettings)
    if settings.workers > 1:
        serve_workers(settings)
        return
    from services.demo.recommender.serving import serve_alone  # what the parent of workers has no use for

    serve_alone(settings)


if __name__ == "__main__":
    main()
