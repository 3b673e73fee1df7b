"""How Grafana is told its mail server: by its environment, not by a file."""

from collections.abc import Mapping

from config.quantities import variable
from config.receivers import Mail


def mail_environment(mail: Mail | None, secrets: Mapping[str, str]) -> dict[str, str]:
    """Variables of Grafana's process; `secrets` are values by the variable that whence.yaml names."""
    if not mail:
        return {}
    settings = {"ENABLED": "true", "HOST": mail.server, "FROM_ADDRESS": mail.sender}
    settings |= {"USER": mail.username} if mail.username else {}
    settings |= {"PASSWORD": secrets[str(variable(mail.password))]} if mail.password else {}
    return {f"GF_SMTP_{name}": value for name, value in settings.items()}
