"""`python -m examples.shop`: start the shop, break it on purpose, mend it, stop it."""

import argparse
import json
import sys
import time

from examples.shop.faults.catalogue import SEVERITIES, known_faults
from examples.shop.faults.injections import supervise
from examples.shop.faults.lease import LONGEST, begin, mend, read_leases
from examples.shop.run.settings import ExampleError, Shop, read_shop
from examples.shop.users.tally import read_windows


def up(shop: Shop, _: argparse.Namespace) -> None:
    """Start everything; returns when healthy."""
    print(f"Starting the shop ({shop.mode}); its telemetry goes to http://{shop.otlp}.", flush=True)
    supervise(shop).start()
    shop.mode_file.write_text(shop.mode)
    print(f"The shop is open: {shop.url('gateway')}/products; what users see is in {shop.counts}")


def down(shop: Shop, _: argparse.Namespace) -> None:
    """Mend what is broken and stop everything; data is kept."""
    supervisor = supervise(shop)
    running = supervisor.is_running()
    if running:
        mend(shop)
        supervisor.stop()
    shop.mode_file.unlink(missing_ok=True)
    print("The shop is closed." if running else "The shop was not running.")


def break_(shop: Shop, arguments: argparse.Namespace) -> None:
    """Inject a fault; it ends by itself."""
    fault = known_faults()[arguments.fault]
    begin(shop, fault, arguments.severity, arguments.seconds)
    print(f"{fault.name} ({arguments.severity}): {fault.impact}.")
    print(f"It ends after {arguments.seconds} s, or with `make shop-mend`.")


def mend_all(shop: Shop, _: argparse.Namespace) -> None:
    """Undo every fault."""
    mended = mend(shop)
    print(f"Mended: {', '.join(mended)}." if mended else "Nothing was broken.")


def list_faults(shop: Shop, arguments: argparse.Namespace) -> None:
    """List the faults, their user impact, and which are in force."""
    if arguments.json:
        print(json.dumps([fault.model_dump(mode="json") for fault in known_faults().values()], indent=2))
        return
    leases = {lease.fault: lease for lease in read_leases(shop)}
    for fault in known_faults().values():
        lease = leases.get(fault.name)
        now = f"  [{lease.severity}, {max(0, lease.until - time.time()):.0f} s left]" if lease else ""
        print(f"{fault.name:22} {fault.truth.domain:15} {fault.impact}{now}")
    print(f"Severities: {', '.join(SEVERITIES)}.")


def count(shop: Shop, _: argparse.Namespace) -> None:
    """What users saw in the last minute."""
    windows = read_windows(shop.counts, time.time() - 65)
    sent, failed = (sum(window[name] for window in windows) for name in ("sent", "failed"))
    p95 = max((window["p95"] for window in windows), default=0)
    print(f"Last minute: {sent} requests, {failed} failed, 95th percentile at most {1000 * p95:.0f} ms.")


def main() -> None:
    """Run a command; its failure is one clear line and exit status 1, wrong use 2."""
    arguments = _make_parser().parse_args()
    try:
        arguments.run(read_shop(), arguments)
    except ExampleError as error:
        sys.exit(f"shop: {error}")


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="examples.shop", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run in (("up", up), ("down", down), ("mend", mend_all), ("count", count)):
        commands.add_parser(name, help=run.__doc__).set_defaults(run=run)
    listing = commands.add_parser("faults", help=list_faults.__doc__)
    listing.add_argument("--json", action="store_true", help="all that is in the catalogue, for programs")
    listing.set_defaults(run=list_faults)
    breaking = commands.add_parser("break", help=break_.__doc__)
    breaking.add_argument("fault", choices=list(known_faults()), metavar="FAULT")
    breaking.add_argument("severity", choices=SEVERITIES, nargs="?", default="high")
    breaking.add_argument("--for", dest="seconds", type=_seconds, default=900)
    breaking.set_defaults(run=break_)
    return parser


def _seconds(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= LONGEST:
        raise argparse.ArgumentTypeError(f"must be from 1 to {LONGEST} seconds")
    return int(text)


if __name__ == "__main__":
    main()
