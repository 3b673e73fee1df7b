"""Who owns an alert."""

from config import Config
from config.objectives import PLATFORM

STACK = PLATFORM
"""The owner of the stack's own parts, which are not services in whence.yaml."""


def by_service(config: Config, label: str = "service_name") -> str:
    """The owner of the service that a label names: a template which both renderings fill in, without `$`.

    Services that whence.yaml does not list are the platform's, like the stack.
    """
    services: dict[str, list[str]] = {}
    for service in config.services:
        services.setdefault(service.owner, []).append(f'"{service.name}"')
    services.pop(STACK, None)
    cases = [f"if eq .Labels.{label} {' '.join(names)} }}}}{owner}{{{{ " for owner, names in services.items()]
    return f"{{{{ {'else '.join(cases)}else }}}}{STACK}{{{{ end }}}}" if cases else STACK


def by_model(config: Config) -> str:
    """The owner of the model that `model_name` names, else of its service."""
    cases = []
    for model in config.watched_models.by_precedence:
        if model.owner:
            named = f'(eq .Labels.model_name "{model.name}")'
            of = f'(eq .Labels.service_name "{model.service}")' if model.service else "true"
            cases.append(f"if and {named} {of} }}}}{model.owner}{{{{ ")
    return (
        f"{{{{ {'else '.join(cases)}else }}}}{by_service(config)}{{{{ end }}}}"
        if cases
        else by_service(config)
    )
