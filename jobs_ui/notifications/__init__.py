"""Telling people: when a job that they watch ends, and when something happens that a rule looks out for.

`occasions` finds what is to be told and writes it down, `sending` sends what was written down and tries again. Both
run in the process that syncs, on a thread of their own: a target that does not answer never slows sync.
"""
