"""Functions → PromQL. They take series of `prometheus.names`: a wrong name or label fails at generation.

`where` are matchers as PromQL writes them, such as `source="stale"`; `by` are labels to keep; `window` is a
duration or, on dashboards, `$__rate_interval`. Rates are per second.
"""

import json
import re
from collections.abc import Iterable, Sequence

from prometheus.names import REGISTRY, Form, Series

PANEL = "$__rate_interval"

_MATCHER = re.compile(r'([a-zA-Z_]\w*)(=~|!~|!=|=)"(?:[^"\\]|\\.)*"')
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")
_WINDOW = re.compile(r"[1-9]\d*[smhd]|\$__rate_interval")


class QueryError(ValueError):
    """A query names something that does not exist, or asks of a series what it cannot answer."""


def select(of: Series, *where: str) -> str:
    """The instant selector: `name{matcher, …}`."""
    if REGISTRY.get(of.name) != of:
        raise QueryError(f"{of.name} is not a series of the registry: nothing emits it")
    for matcher in where:
        parts = _MATCHER.fullmatch(matcher)
        if not parts:
            raise QueryError(f'{matcher!r} is not a matcher; write it as label="value", or with !=, =~ or !~')
        _check_labels(of, [parts[1]])
    return f"{of.name}{{{', '.join(where)}}}" if where else of.name


def select_any(of: Sequence[Series], *where: str) -> str:
    """The instant selector of one or more series that have these labels."""
    if len(of) == 1:
        return select(of[0], *where)
    names = "|".join(select(series, *where).partition("{")[0] for series in of)
    matchers = ", ".join((f'__name__=~"{names}"', *where))
    return f"{{{matchers}}}"


def equal(label: str, value: str) -> str:
    """The matcher of a label that has this value, whatever characters are in it."""
    return f"{label}={json.dumps(value, ensure_ascii=False)}"


def one_of(label: str, values: Iterable[str]) -> str:
    """The matcher of a label that has one of the values, whatever characters are in them."""
    either = "|".join(_SPECIAL.sub(r"\\\g<0>", value) for value in dict.fromkeys(values))
    return f"{label}=~{json.dumps(either, ensure_ascii=False)}"


def rate(of: Series, *where: str, by: Sequence[str] = (), window: str = PANEL) -> str:
    """Increase of a counter per second, summed."""
    return _sum_of_rates(of, Form.COUNTER, where, by, window)


def increase(of: Series, *where: str, by: Sequence[str] = (), window: str) -> str:
    """Increase of a counter in a window, summed."""
    _check_form(of, Form.COUNTER)
    return total(f"increase({select(of, *where)}[{_checked_window(window)}])", of, by)


def each_rate(of: Series, *where: str, window: str = PANEL) -> str:
    """Increase per second of each series, of a counter or a histogram."""
    if of.form is Form.GAUGE:
        raise QueryError(f"{of.name} is a {of.form}, which has no rate")
    return f"rate({select(of, *where)}[{_checked_window(window)}])"


def total(expr: str, of: Series, by: Sequence[str] = ()) -> str:
    """The sum of an expression that has the labels of `of`."""
    return f"{_sum(of, by)} ({expr})"


def group(expr: str, of: Series, by: Sequence[str]) -> str:
    """1 for each group of an expression that has the labels of `of`."""
    return f"{_group(of, by)} ({expr})"


def distribution(of: Series, *where: str, by: Sequence[str] = (), window: str = PANEL) -> str:
    """The histogram of what was observed in the window; what a heatmap draws."""
    return _sum_of_rates(of, Form.NATIVE_HISTOGRAM, where, by, window)


def quantile(q: float, of: Series, *where: str, by: Sequence[str] = (), window: str = PANEL) -> str:
    """The q-quantile (0–1) of a histogram, in its unit. NaN when nothing was observed."""
    return f"histogram_quantile({q:g}, {distribution(of, *where, by=by, window=window)})"


def classic_quantile(q: float, of: Series, *where: str, by: Sequence[str] = (), window: str = PANEL) -> str:
    """The q-quantile (0–1) of a histogram in buckets, estimated within the bucket."""
    buckets = _sum_of_rates(of, Form.CLASSIC_HISTOGRAM, where, [*by, "le"], window)
    return f"histogram_quantile({q:g}, {buckets})"


def average(of: Series, *where: str, by: Sequence[str] = (), window: str = PANEL) -> str:
    """Mean of a histogram, in its unit. NaN when nothing was observed."""
    return f"histogram_avg({distribution(of, *where, by=by, window=window)})"


def average_ms(of: Series, *where: str, by: Sequence[str] = (), window: str = PANEL) -> str:
    """Mean of a histogram of seconds, in milliseconds. NaN when nothing was observed."""
    return f"1000 * {average(of, *where, by=by, window=window)}"


def observations(of: Series, *where: str, by: Sequence[str] = (), window: str = PANEL) -> str:
    """Observations of a histogram per second, of series with any buckets."""
    return total(f"histogram_count({each_rate(of, *where, window=window)})", of, by)


def share_above(bound: float, of: Series, *where: str, by: Sequence[str] = (), window: str = PANEL) -> str:
    """Share (0–1) of a histogram's observations above `bound`, in its unit. NaN when nothing was observed."""
    return f"1 - histogram_fraction(0, {bound:g}, {distribution(of, *where, by=by, window=window)})"


def observations_below(
    bound: float, of: Series, *where: str, by: Sequence[str] = (), window: str = PANEL
) -> str:
    """A histogram's observations up to `bound`, in its unit, per second. NaN when nothing was observed."""
    observed = distribution(of, *where, by=by, window=window)
    return f"histogram_fraction(-Inf, {bound:g}, {observed}) * histogram_count({observed})"


def level(of: Series, *where: str, by: Sequence[str] = ()) -> str:
    """A gauge now, summed."""
    return _aggregate("sum", of, where, by)


def highest(of: Series, *where: str, by: Sequence[str] = ()) -> str:
    """The highest of a gauge's series now."""
    return _aggregate("max", of, where, by)


def lowest(of: Series, *where: str, by: Sequence[str] = ()) -> str:
    """The lowest of a gauge's series now."""
    return _aggregate("min", of, where, by)


def mean(of: Series, *where: str, by: Sequence[str] = ()) -> str:
    """The mean of a gauge's series now."""
    return _aggregate("avg", of, where, by)


def or_zero(expr: str, like: str = "") -> str:
    """`expr`, and 0 for the label sets that only `like` has, or once: what never happened has no series."""
    return f"({expr}) or 0 * ({like})" if like else f"({expr}) or vector(0)"


def mean_over(of: Series, *where: str, window: str) -> str:
    """The mean of a gauge's series over a window."""
    _check_form(of, Form.GAUGE)
    return f"avg (avg_over_time({select(of, *where)}[{_checked_window(window)}]))"


def median_over(of: Series, *where: str, window: str) -> str:
    """The median over a window of each of a gauge's series."""
    _check_form(of, Form.GAUGE)
    return f"quantile_over_time(0.5, {select(of, *where)}[{_checked_window(window)}])"


def quantile_over(quantile: float, of: Series, *where: str, by: Sequence[str], window: str) -> str:
    """A quantile (0–1) over a window of a gauge's series, the highest of each group."""
    _check_form(of, Form.GAUGE)
    _check_labels(of, by)
    samples = f"{select(of, *where)}[{_checked_window(window)}]"
    return f"max by ({', '.join(by)}) (quantile_over_time({quantile:g}, {samples}))"


def falls_over(of: Series, *where: str, window: str) -> str:
    """How often each of a gauge's series fell in a window."""
    _check_form(of, Form.GAUGE)
    return f"resets({select(of, *where)}[{_checked_window(window)}])"


def gain_over(of: Series, *where: str, window: str) -> str:
    """How much each of a gauge's series rose in a second; one that fell began anew at 0."""
    _check_form(of, Form.GAUGE)
    return f"rate({select(of, *where)}[{_checked_window(window)}])"


def looks_over(of: Series, *where: str, window: str) -> str:
    """How many samples each of a gauge's series has in a window."""
    _check_form(of, Form.GAUGE)
    return f"count_over_time({select(of, *where)}[{_checked_window(window)}])"


def share(of: Series, *where: str, by: Sequence[str], window: str = PANEL) -> str:
    """Each group's share (0–1) of a counter's increase; the shares sum to 1."""
    part, whole = rate(of, *where, by=by, window=window), rate(of, *where, window=window)
    return f"{part} / on () group_left () {whole}"


def present(of: Series, *where: str, by: Sequence[str], window: str) -> str:
    """1 for each group of series of which anything arrived in a window."""
    return group(f"present_over_time({select(of, *where)}[{_checked_window(window)}])", of, by)


def set_since(of: Series, by: Sequence[str], within: str = "5m") -> str:
    """The Unix time at which each group of a gauge became 1, if that was `within` the window."""
    _check_form(of, Form.GAUGE)
    _check_labels(of, by)
    window, grouping = _checked_window(within), f"by ({', '.join(by)})"
    first = f"min_over_time(timestamp({select(of)} == 1)[{window}:10s])"
    return f"(min {grouping} ({first}) unless group {grouping} ({select(of)} offset {window} == 1))"


def known(expr: str) -> str:
    """`expr` without NaN: a ratio of nothing to nothing is no data. Grafana's alerting takes NaN for true."""
    return f"({expr}) >= 0"


def provided(expr: str, evidence: str, at_least: float) -> str:
    """`expr` where `evidence`, with the same labels, reaches `at_least`; no data elsewhere."""
    return f"({expr}) and ({evidence} >= {at_least:g})"


def unless_chance(expr: str, evidence: str, at_least: float) -> str:
    """A ratio where `evidence`, with the same labels, reaches `at_least`; 1, as ever, elsewhere."""
    return f"({provided(expr, evidence, at_least)}) or ({expr}) ^ 0"


def _aggregate(operator: str, of: Series, where: Sequence[str], by: Sequence[str]) -> str:
    _check_form(of, Form.GAUGE)
    _check_labels(of, by)
    grouping = f" by ({', '.join(by)})" if by else ""
    return f"{operator}{grouping} ({select(of, *where)})"


def _sum_of_rates(of: Series, form: Form, where: Sequence[str], by: Sequence[str], window: str) -> str:
    _check_form(of, form)
    return total(each_rate(of, *where, window=window), of, by)


def _sum(of: Series, by: Sequence[str]) -> str:
    _check_labels(of, by)
    return f"sum by ({', '.join(by)})" if by else "sum"


def _group(of: Series, by: Sequence[str]) -> str:
    _check_labels(of, by)
    return f"group by ({', '.join(by)})"


def _check_form(of: Series, form: Form) -> None:
    if of.form is not form:
        raise QueryError(f"{of.name} is a {of.form}, this query needs a {form}")


def _check_labels(of: Series, labels: Sequence[str]) -> None:
    for name in labels:
        if name not in of.labels:
            raise QueryError(f"{of.name} has no label {name!r}; it has: {', '.join(sorted(of.labels))}")


def _checked_window(window: str) -> str:
    if not _WINDOW.fullmatch(window):
        raise QueryError(f"{window!r} is not a window; write a duration such as 5m, or {PANEL}")
    return window
