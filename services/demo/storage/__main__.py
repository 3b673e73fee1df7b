"""The one-shot process `storage-setup`: `python -m services.demo.storage`."""

from services.configuration import load_settings
from services.demo.storage.settings import SetupSettings
from services.demo.storage.setup import SetupFailed, set_up
from services.logs import configure_logging


def main() -> None:
    """Set storage up; exit status 1 with one line on standard error where that is not possible."""
    configure_logging("storage-setup")
    try:
        set_up(load_settings(SetupSettings))
    except SetupFailed as failure:
        raise SystemExit(f"storage-setup: {failure}") from None


if __name__ == "__main__":
    main()
