"""A simulated Jobs API: its own process, real HTTP on loopback, for the demo and the tests.

It runs on the standard library's HTTP server and not on a WSGI server, because it must be able to misbehave at the
level of the socket (cut a body short, close without an answer, say nothing), which a WSGI server hides. Nothing here
imports Django, so that it starts in a fraction of a second.

    python manage.py sandbox --port 8010        or        python -m jobs_ui.sandbox --port 8010

`server` takes requests, `endpoints` answers them, `control` is how a test tells it to misbehave, `world` is all its
state, `moving_queue` is the life of the jobs, `process` starts it from Python.
"""
