"""Cases of what counts in a test run: the application's code, the test's code, what is found.

Found is the detector and its endpoint, without the case's module, each once. Names that begin with
"views" have a page of their name.
"""

from __future__ import annotations

from . import calls, own_code, requests, setting_up

CASES = {**requests.CASES, **calls.CASES, **setting_up.CASES, **own_code.CASES}
