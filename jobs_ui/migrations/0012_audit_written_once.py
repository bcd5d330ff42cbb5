"""An entry of the audit log is written once, and the database sees to it: whoever gets past the model finds this.

The user may become NULL, which is what happens when a user is deleted. Whoever has to remove entries, because a law
says so, drops the triggers first, and has a role that may. On SQLite a later migration that changes a field of the
table makes the table anew, without them: it has to call `make` again, and a test fails until it does.
"""

from typing import Any

from django.db import migrations

TABLE = "jobs_ui_auditentry"
SENTENCE = "an audit entry is written once"
COLUMNS = "id, at, username, address, action, store, job_id, detail, outcome, succeeded, request_id"
REFUSE = f"BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END"

MAKE = {
    "sqlite": [
        f"CREATE TRIGGER audit_not_changed BEFORE UPDATE OF {COLUMNS} ON {TABLE} {REFUSE}",
        f"CREATE TRIGGER audit_not_moved BEFORE UPDATE OF user_id ON {TABLE} WHEN NEW.user_id IS NOT NULL {REFUSE}",
        f"CREATE TRIGGER audit_not_removed BEFORE DELETE ON {TABLE} {REFUSE}",
    ],
    "postgresql": [
        f"""
        CREATE FUNCTION jobs_ui_audit_written_once() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' THEN
                IF NEW.user_id IS NULL AND to_jsonb(NEW) - 'user_id' = to_jsonb(OLD) - 'user_id' THEN
                    RETURN NEW;
                END IF;
            END IF;
            RAISE EXCEPTION '{SENTENCE}' USING ERRCODE = 'integrity_constraint_violation';
        END $$
        """,
        f"""
        CREATE TRIGGER audit_not_changed BEFORE UPDATE OR DELETE ON {TABLE}
        FOR EACH ROW EXECUTE FUNCTION jobs_ui_audit_written_once()
        """,
        f"""
        CREATE TRIGGER audit_not_emptied BEFORE TRUNCATE ON {TABLE}
        FOR EACH STATEMENT EXECUTE FUNCTION jobs_ui_audit_written_once()
        """,
    ],
}
REMOVE = {
    "sqlite": [f"DROP TRIGGER {name}" for name in ("audit_not_changed", "audit_not_moved", "audit_not_removed")],
    "postgresql": ["DROP FUNCTION jobs_ui_audit_written_once() CASCADE"],
}


def make(apps: Any, schema_editor: Any) -> None:  # Any: what Django hands over
    _run(schema_editor, MAKE)


def remove(apps: Any, schema_editor: Any) -> None:  # Any: what Django hands over
    _run(schema_editor, REMOVE)


def _run(schema_editor: Any, statements: dict[str, list[str]]) -> None:  # Any: what Django hands over
    for statement in statements[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("jobs_ui", "0011_webhooks_for_operators")]

    operations = [migrations.RunPython(make, remove)]
