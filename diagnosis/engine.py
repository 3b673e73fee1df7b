"""The one entry: evidence in, verdict out."""

from collections.abc import Collection, Mapping
from functools import partial

from diagnosis.packs.catalogue import ADDITIONS, PACKS
from diagnosis.packs.pack import find_others
from diagnosis.parts import examine_parts
from diagnosis.signals.series import AlignedSeries
from diagnosis.sources.evidence import Evidence
from diagnosis.topology.engine import examine_services
from diagnosis.topology.reading import make_directory
from diagnosis.verdict.second import diagnose_latest
from diagnosis.verdict.verdict import Verdict, find_best, rank_domain

NO_TELEMETRY = Verdict(
    domain="unknown",
    cause="unknown",
    confidence=0.0,
    summary="There is no telemetry for this period: no verdict is possible.",
    remedy="Check that services send telemetry, and that it arrives: docs/adapt.md says how.",
)


def diagnose(
    evidence: Evidence,
    addresses: Mapping[str, str] | None = None,
    services: Collection[str] = (),
    *,
    alerted_at: float | None = None,
    after: float | None = None,
) -> Verdict:
    """The verdict on these services, or on what packs know of: the root cause and its evidence.

    `addresses` are those at which services answer. `alerted_at` (Unix seconds) is when an alert began to
    fire, right to ±60 s; None when nobody was alerted. `after` is when an earlier trouble began: what came
    on top of it is looked for first. Pure; less evidence gives less confidence, never an exception.
    """
    reach = partial(_diagnose, addresses=addresses or {}, services=services, alerted_at=alerted_at)
    return diagnose_latest(reach, evidence, after)


def _diagnose(
    evidence: Evidence, *, addresses: Mapping[str, str], services: Collection[str], alerted_at: float | None
) -> Verdict:
    aligned = AlignedSeries(evidence)
    packs = [pack for pack in PACKS if pack.is_seen(evidence)]
    verdicts = [verdict for pack in packs if (verdict := pack.examine(aligned, alerted_at))]
    others = find_others(services, packs)
    if not others and not packs:
        others = make_directory(aligned, addresses).services
    if others:
        verdicts.append(examine_services(aligned, addresses, sorted(others), alerted_at, ADDITIONS))
    best = find_best(verdicts) or NO_TELEMETRY
    if services or rank_domain(best) == 2:
        return best
    return examine_parts(aligned) or best
