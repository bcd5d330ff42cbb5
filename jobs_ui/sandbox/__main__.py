"""`python -m jobs_ui.sandbox`: the sandbox without Django, as the tests start it."""

import argparse
import sys

from .cli import add_arguments, serve

parser = argparse.ArgumentParser(prog="python -m jobs_ui.sandbox", description="A simulated Jobs API on loopback.")
add_arguments(parser)
sys.exit(serve(parser.parse_args()))
