"""How gunicorn serves the console: `gunicorn console.wsgi` reads this file by itself."""

wsgi_app = "console.wsgi"
bind = "127.0.0.1:8000"
workers = 2
# Settings that are wrong are told once, before there are workers; and workers share the memory of what is loaded.
preload_app = True
worker_class = "gthread"
threads = 32
# A download holds its thread for as long as it takes; the worker itself still answers its heartbeat.
timeout = 60
graceful_timeout = 10
max_requests = 20_000
max_requests_jitter = 2_000
# The control socket would let anyone with the same user id stop workers; nothing here needs it.
control_socket_disable = True
# %(U)s is the path without the query string, which may hold what somebody searched for.
access_log_format = '%(h)s "%(m)s %(U)s" %(s)s %(b)s %(M)sms'
accesslog = "-"
