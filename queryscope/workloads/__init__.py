"""Where the advisor's workload comes from: one module a source, each returns a Workload."""


class WorkloadError(Exception):
    """There is no workload to advise on; the text says in one line why, and what to give."""
