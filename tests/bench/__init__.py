"""`make bench`: the budgets of the pages, measured over a million jobs. docs/performance.md tells how."""
