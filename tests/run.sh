# Runs the tests on SQLite, then what touches a database on PostgreSQL, then the pages in a real browser.
# TEST_DATABASE_URL names the PostgreSQL; REQUIRE_ALL=yes makes anything skipped a failure.
set -u
status=0
skipped=""
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
postgresql=${TEST_DATABASE_URL:-}
mkdir -p var

run() {
    echo
    echo "== $1"
    shift
    "$@" || status=1
}

run "On SQLite" env -u TEST_DATABASE_URL -u DATABASE_URL python -m pytest -q -n auto -m "not browser"
if [ -n "$postgresql" ]; then
    run "On PostgreSQL" python -m pytest -q -n auto -m "database and not browser"
else
    skipped="$skipped
- PostgreSQL: set TEST_DATABASE_URL=postgresql://user:password@host:5432/name to run the tests on it as well."
fi
if [ -n "$chromium" ]; then
    run "In a real browser ($chromium)" env -u TEST_DATABASE_URL python -m pytest -q -m browser
else
    skipped="$skipped
- The real browser: no Chromium was found (on Debian: apt-get install chromium)."
fi

echo
if [ -z "$skipped" ]; then
    echo "Nothing was skipped: SQLite, PostgreSQL and a real browser."
else
    echo "Skipped, and why:$skipped"
    [ "${REQUIRE_ALL:-no}" = yes ] && status=1
fi
exit $status
