"""What a diagnosis asks about some services is what it would hear of them if it asked about all."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from config import Config
from diagnosis.packs.llm.signals import ask_llms
from diagnosis.topology.inventory import ask_instances
from diagnosis.topology.queries import ask_details, ask_presence, ask_traffic
from prometheus import queries as q
from prometheus.recording import render_recording
from prometheus.series.recorded import TRAFFIC
from tests.rules.promtool import counter, gauge, histogram, run_promtool

CONFIG = Config.model_validate({"topology": {"recorded": True}})
GROUPS = [each for each in render_recording(CONFIG)["groups"] if each["name"] in ("signals", "traffic")]
SECONDS, AT = 900, 860

PART = ("shop.gateway", "shop (old)")
SERVICES = (*PART, "other", "shop-gateway")
MATCHER = q.one_of("service_name", PART)
PEER = {"server_address": "db", "db_system_name": "postgresql", "gen_ai_provider_name": "openai"}

OF_MODELS = {"gen_ai_provider_name": "openai", "gen_ai_token_type": "input", "gen_ai_request_model": "m"}


def named(series: str, **labels: str) -> str:
    matchers = ", ".join(f'{key}="{value}"' for key, value in labels.items())
    return f"{series}{{{matchers}}}"


def send(service: str) -> Iterator[tuple[str, str]]:
    """Every series that there can be of a service."""
    whole = {"service_name": service, "instance": "1", "service_version": "1.0"}
    observed = histogram((SECONDS, {0.02: 100}))
    for status in ("STATUS_CODE_UNSET", "STATUS_CODE_ERROR"):
        for kind, peer in (("SERVER", {}), ("CLIENT", {**PEER, "gen_ai_request_model": "m"})):
            labels = {**whole, **peer, "span_kind": f"SPAN_KIND_{kind}", "status_code": status}
            yield named("traces_requests_duration_seconds", **labels), observed
            yield named("traces_requests_calls_total", **labels), counter((SECONDS, 100))
    for series in (
        "target_info",
        "process_memory_usage_bytes",
        "process_uptime_seconds",
        "process_open_file_descriptor_count",
        "db_client_connection_pending_requests",
    ):
        yield named(series, **whole), gauge((SECONDS, 5.0))
    yield named("dependency:declared:info", service_name=service, callee="ledger"), gauge((SECONDS, 1.0))
    yield named("process_cpu_time_seconds_total", **whole), " ".join(str(n) for n in range(SECONDS // 10))
    for series in ("gen_ai_client_token_usage", "gen_ai_client_operation_time_to_first_chunk_seconds"):
        yield named(series, **whole, **OF_MODELS), observed


def asked(*where: str) -> Mapping[str, str]:
    batches = [*ask_traffic(where, where), *ask_details(*where), ask_llms(*where)]
    return {name: promql for batch in batches for name, promql in batch.items()}


EVERYTHING, NARROWED = asked(), asked(MATCHER)


def check(folder: Path, *expressions: tuple[str, float | None]) -> None:
    """Each has one sample of this value in the end, or none."""
    tests = [
        {
            "expr": expression,
            "eval_time": f"{AT}s",
            "exp_samples": [] if value is None else [{"labels": "{}", "value": value}],
        }
        for expression, value in expressions
    ]
    inputs = [{"series": name, "values": values} for service in SERVICES for name, values in send(service)]
    suite: dict[str, Any] = {"interval": "10s", "input_series": inputs, "promql_expr_test": tests}
    run_promtool(folder, [suite], GROUPS, 10)


def compare(query: str) -> Iterator[tuple[str, float | None]]:
    of_part = f"({EVERYTHING[query]}) and on (service_name) target_info{{{MATCHER}}}"
    alike = f"({of_part}) == ({NARROWED[query]})"
    groups = "count(group by (service_name) ({}))"
    yield groups.format(EVERYTHING[query]), len(SERVICES)
    yield groups.format(NARROWED[query]), len(PART)
    yield groups.format(alike), len(PART)
    yield f"({of_part}) unless ({alike})", None


def test_narrowed_queries_give_the_same_of_fewer_services(tmp_path: Path) -> None:
    check(tmp_path, *(each for query in EVERYTHING for each in compare(query)))


def test_the_versions_that_run_are_told_by_spans_or_by_metrics(tmp_path: Path) -> None:
    """Each service has another version since a minute and a half ago."""
    calls, info = ("traces_requests_calls_total", "traced"), ("target_info", "measured")
    sent = {
        (*calls, "1"): counter((AT - 90, 10), (180, 0)),
        (*calls, "2"): counter((AT - 90, 0), (180, 10)),
        (*info, "1"): gauge((AT - 90, 1)),
        (*info, "2"): f"_x{AT // 10 - 9} 1x10",
    }
    inputs = [
        {"series": named(series, service_name=service, service_version=version), "values": values}
        for (series, service, version), values in sent.items()
    ]
    expected = [
        {"labels": f'{{service_name="{service}", service_version="2"}}', "value": 1}
        for _, service in (info, calls)
    ]
    tests = [{"expr": asked()["versions"], "eval_time": f"{AT}s", "exp_samples": expected}]
    suite: dict[str, Any] = {"interval": "10s", "input_series": inputs, "promql_expr_test": tests}
    run_promtool(tmp_path, [suite], GROUPS, 10)


def test_what_is_recorded_is_what_would_be_asked_of_each_process(tmp_path: Path) -> None:
    expressions = list[tuple[str, float | None]]()
    for where in ((), (MATCHER,)):
        raw, recorded = (
            {
                name: promql
                for batch in (*ask_traffic(where, where, recorded=of), *ask_details(*where, recorded=of))
                for name, promql in batch.items()
            }
            for of in (False, True)
        )
        assert raw.keys() == recorded.keys()
        for name in TRAFFIC:
            found = f"count(group by (service_name) ({recorded[name]}))"
            expressions.append((found, len(PART) if where else len(SERVICES)))
            expressions.append((f"({raw[name]}) unless ({raw[name]}) == ({recorded[name]})", None))
    check(tmp_path, *expressions)


def test_nothing_of_it_is_recorded_unless_whence_yaml_says_so() -> None:
    recorded = [rule["record"] for group in render_recording(Config())["groups"] for rule in group["rules"]]
    assert recorded and not {of.name for of in TRAFFIC.values()}.intersection(recorded)


def test_all_who_are_there_are_told_and_whom_each_calls(tmp_path: Path) -> None:
    present = ask_presence(60)
    check(tmp_path, *((f"count({query})", len(SERVICES)) for query in present.values()))


def test_instances_are_those_of_metrics_and_of_spans(tmp_path: Path) -> None:
    spans, server = "traces_requests_duration_seconds", {"span_kind": "SPAN_KIND_SERVER"}
    both, traced = ({"service_name": name, "instance": "1"} for name in ("both", "traced"))
    ended = {"service_name": "both", "instance": "2", "service_version": "1.0"}
    served = histogram((SECONDS, {0.02: 100}))
    inputs = {
        named("target_info", **both, service_version="1.1"): gauge((SECONDS, 1.0)),
        named("target_info", **ended): gauge((300, 1.0)),
        named(spans, **both, **server): served,
        named(spans, **traced, **server): served,
    }
    found = [{**both, "service_version": "1.1"}, traced]
    test = {
        "interval": "10s",
        "input_series": [{"series": name, "values": values} for name, values in inputs.items()],
        "promql_expr_test": [
            {
                "expr": ask_instances(300),
                "eval_time": f"{AT}s",
                "exp_samples": [{"labels": named("", **labels), "value": 1} for labels in found],
            }
        ],
    }
    run_promtool(tmp_path, [test], GROUPS, 10)
