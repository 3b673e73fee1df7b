"""All measures, from nothing but what is exported: counts by bin and sums. Pure NumPy.

What they take are sums over processes and over any time, as a rate or an increase in PromQL has them.
"""
