"""Limits of model and data that dashboards draw and alerts watch, beside those of whence.yaml; and why so.

They are set from what quiet does at 20 requests per second, so that it fires less than once in a hundred
hours.

Hit rates. At .63 over 1 minute (1,200 requests) the standard error is .014, 2.2% of it; over 3 minutes 1.3%.
So 90% kept is 4.5 of them, 95% over 3 minutes 4. With fewer requests, or little past, errors grow and the
shares say too little: then a fall has to be SURE standard errors, too. In 1,000 simulated hours, looked at
every 10 seconds and twice in a row, the first fired never, the second twice. A segment has a third of the
requests: 85% kept is 3.8 errors, SURE asks for 4; that fired 5 times.

Means per request (NDCG, reciprocal rank, precision, clicks) vary by about 100% of themselves from one to the
next: by 2% over 2 minutes, so that 85% kept is 7 standard errors, and 3.7 with only LABELLED requests. A
share of .1 of 1,200 thumbs in 5 minutes has an error of .009, with THUMBS of them .017.

Versions on sticky shares of 600 users differ by chance twice over: by their requests, which the standard
error knows, and by which users they got, which it does not (about .018 of a hit rate at a share of 30%). So
the difference has to be SURER standard errors and 12%: together about 4 of the true ones.

Coverage, popularity and diversity are of thousands of items. Coverage falls with the number of requests, too,
which counts as an excuse.

Drift. By custom a population stability index of .1 is a moderate shift and .25 a large one (Siddiqi, "Credit
Risk Scorecards", 2006). Chance alone makes (bins - 1) / n of it: .02 with 10 bins and 400 requests; .001 for
the mix of segments. Quiet stacks showed up to .04 and .007.

Of unknown users 1 in 100 is usual, with an error of .003 in a minute. Requests of a minute vary by 3% of
themselves; the first two minutes of a service, in which what is usual is not known yet, look like a surge.
"""

SURE = 4
"""Standard errors: by chance once in 30,000 looks."""

AS_USUAL = 1
"""Standard errors below which a fall of the last minute is over: of one of 7%, that is 1 look in 40."""

HIT_RATE_KEPT_SLOWLY = 0.95
"""Share of the usual hit rate over 3 minutes."""

SEGMENT_KEPT = 0.85
"""Share that a segment keeps of its usual hit rate, by what the best segment keeps."""

UNHURT = 0.93
"""Share of its usual hit rate from which a segment counts as unhurt; without one, all are hurt."""

LABELLED = 600
"""Labelled requests in 3 minutes: a sixth of what 20 requests per second give."""

THUMBS = 300
"""Thumbs in 5 minutes."""

MORE_THUMBS_DOWN = 0.1
"""More than usual, as a share of all thumbs."""

HARDLY_ANY_CLICKS = 0.005
"""Of what is usual: even a list of random items gets 1% to 2% of it."""

VERSION_KEPT = 0.88
"""Share of the other versions' hit rate."""

SURER = 4.5
"""Standard errors between versions."""

COVERAGE_KEPT = 0.8
"""Share of the usual number of different items."""

DIVERSITY_KEPT = 0.7
"""Share of the usual evenness of what is shown."""

MORE_POPULAR = 0.05
"""More than usual, in percentiles of the catalogue's popularity."""

MIX = 0.1
"""Population stability index of the segments' mix."""

MORE_UNKNOWN = 0.05
"""More than usual, as a share of all requests."""

SCHEMA_VIOLATIONS = 0.01
"""Of the features' schema, per request."""

SURGE, FALL = 1.8, 0.5
"""Of the usual requests."""

LOOKS = 12
"""Looks, 10 seconds apart, before which it is not known how many requests are usual."""

DRIFT_SAMPLES = 200
"""Values in 2 minutes below which the recommender's drift is not judged."""
