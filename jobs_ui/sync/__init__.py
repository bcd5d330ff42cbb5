"""API → mirror: the walk, jobs still open, errors, rounds. `store_jobs` is the one way into the mirror."""

from jobs_ui.sync.errors import read_errors
from jobs_ui.sync.rounds import RoundOutcome, Syncer
from jobs_ui.sync.store import store_job, store_jobs

__all__ = ["RoundOutcome", "Syncer", "read_errors", "store_job", "store_jobs"]
