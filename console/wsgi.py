"""The WSGI application. It refuses to start, in plain sentences, when a setting is wrong or missing.

Django runs its system checks in commands but not under a WSGI server, where a wrong setting would surface as a
traceback in somebody's request.
"""

import os
import sys

from django.core.wsgi import get_wsgi_application

# The exit status with which a gunicorn worker says "the application cannot be loaded": the server stops instead of
# starting the worker again and again.
CANNOT_LOAD = 4

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
application = get_wsgi_application()


def _refuse_to_serve_when_misconfigured() -> None:
    from jobs_ui.checks import problems_with_serving

    if problems := problems_with_serving():
        sys.stderr.write("The console cannot start:\n")
        for problem in problems:
            sys.stderr.write(f"- {problem.msg} ({problem.id})\n")
            if problem.hint:
                sys.stderr.write(f"  {problem.hint}\n")
        sys.stderr.flush()
        sys.exit(CANNOT_LOAD)


_refuse_to_serve_when_misconfigured()
