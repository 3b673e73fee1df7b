"""Runs opentelemetry-sdk's own tests of traces and metrics against this package.

    pip install fastotel pytest opentelemetry-test-utils
    python published_suite.py [folder of an unpacked opentelemetry-sdk source distribution]

Without a folder, pip fetches the source distribution of the installed version. The script is also the pytest
plugin that puts this package's providers where the tests find the SDK's. It exits with 0 if nothing fails but
EXPECTED.

The tests of metrics read through metric readers, for which this package gives the SDK's instruments. Its own
instruments are compared with the SDK's in tests/test_metrics.py.
"""

import re
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from os import environ, pathsep
from pathlib import Path

HERE = Path(__file__).parent
EXPECTED = {
    "calls the private hook SpanProcessor._on_ending": ["test_span_processor_with_on_ending"],
    "reads the private Tracer._instrumentation_scope": ["test_get_tracer_sdk"],
    "uses the private tracer configurator": [
        "test_get_tracer_sdk_sets_default_tracer_config_if_configurator_raises",
        "test_start_span_returns_invalid_span_if_not_enabled",
    ],
    "uses the private meter configurator": [
        "test_buggy_configurator_falls_back_to_default_on_get_meter",
        "test_meter_provider_with_custom_configurator",
        "test_meter_provider_with_disabled_configurator",
        "test_disabled_meter_counter_skips_measurement",
        "test_disabled_meter_gauge_skips_measurement",
        "test_disabled_meter_histogram_skips_measurement",
        "test_disabled_meter_observable_counter_skips_callback",
        "test_disabled_meter_observable_gauge_skips_callback",
        "test_disabled_meter_observable_up_down_counter_skips_callback",
        "test_disabled_meter_up_down_counter_skips_measurement",
        "test_reenable_meter_after_disable",
    ],
    "expects the resource to name the SDK": ["test_init_default"],
}


def swap() -> None:
    """Put this package's providers where the tests find the SDK's."""
    from opentelemetry.sdk import metrics, trace

    import fastotel

    vars(trace)["TracerProvider"] = fastotel.TracerProvider
    vars(metrics)["MeterProvider"] = fastotel.MeterProvider


def fetch(folder: str) -> Path:
    """Return the folder of the source distribution, fetched by pip into `folder`."""
    wanted = f"opentelemetry-sdk=={version('opentelemetry-sdk')}"
    command = ["pip", "download", "-q", "--no-binary", ":all:", "--no-deps", wanted, "-d", folder]
    subprocess.run([sys.executable, "-m", *command], check=True)
    (archive,) = Path(folder).glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    return Path(folder) / archive.name.removesuffix(".tar.gz")


def run(source: Path) -> int:
    """Run the tests and print what fails, and why where that is known; return the exit code."""
    paths = [str(HERE), str(HERE / "src"), environ.get("PYTHONPATH", "")]
    command = ["pytest", "-q", "--tb=no", "-rf", "-p", "no:cacheprovider", "-p", Path(__file__).stem]
    done = subprocess.run(
        [sys.executable, "-m", *command, "tests/trace", "tests/metrics"],
        cwd=source,
        env={
            **environ,
            "PYTHONPATH": pathsep.join(filter(None, paths)),
            "PATH": f"{Path(sys.executable).parent}{pathsep}{environ['PATH']}",
        },
        capture_output=True,
        text=True,
    )
    failed = re.findall(r"^FAILED \S+::(\w+)", done.stdout, re.MULTILINE)
    reasons = {test: reason for reason, tests in EXPECTED.items() for test in tests}
    for test in failed:
        print(f"{test}: {reasons.get(test, 'NOT EXPECTED')}")
    print(
        next(reversed(re.findall(r"^.*\bpassed\b.*$", done.stdout, re.MULTILINE)), done.stdout + done.stderr)
    )
    return int(done.returncode not in (0, 1) or any(test not in reasons for test in failed))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        sys.exit(run(Path(sys.argv[1]) if len(sys.argv) > 1 else fetch(scratch)))
else:
    swap()
