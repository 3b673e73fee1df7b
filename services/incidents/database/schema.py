"""The tables, and the steps from each version of them to the next."""

from services.incidents.database.connection import DatabaseAway

MIGRATIONS = (
    """
    CREATE TABLE incidents (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        started_at REAL NOT NULL,
        ended_at REAL
    );
    CREATE TABLE alerts (
        incident_id INTEGER NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
        fingerprint TEXT NOT NULL,
        starts_at REAL NOT NULL,
        ends_at REAL,
        name TEXT NOT NULL,
        severity TEXT NOT NULL,
        component TEXT NOT NULL,
        labels TEXT NOT NULL,
        annotations TEXT NOT NULL,
        PRIMARY KEY (fingerprint, starts_at)
    ) WITHOUT ROWID;
    CREATE INDEX alerts_of_incident ON alerts (incident_id);
    CREATE INDEX alerts_by_start ON alerts (starts_at);
    CREATE INDEX alerts_by_end ON alerts (ends_at);
    CREATE INDEX alerts_firing ON alerts (component) WHERE ends_at IS NULL;
    """,
    """
    CREATE TABLE heartbeat (last_at REAL, silent_since REAL);
    INSERT INTO heartbeat VALUES (NULL, NULL);
    """,
    """
    CREATE TABLE verdicts (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        incident_id INTEGER NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
        opinion TEXT NOT NULL,
        made_at REAL NOT NULL,
        revised_at REAL NOT NULL,
        verdict TEXT NOT NULL
    );
    CREATE INDEX verdicts_of_incident ON verdicts (incident_id, id);
    """,
    """
    CREATE TABLE dead_letters (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at REAL NOT NULL,
        kind TEXT NOT NULL,
        reason TEXT NOT NULL,
        content TEXT NOT NULL,
        count INTEGER NOT NULL
    );
    """,
    """
    ALTER TABLE alerts ADD COLUMN service TEXT NOT NULL DEFAULT '';
    UPDATE alerts SET service = coalesce(json_extract(labels, '$.service_name'), '');
    DROP INDEX alerts_by_start;
    DROP INDEX alerts_by_end;
    DROP INDEX alerts_firing;
    CREATE INDEX alerts_by_start ON alerts (starts_at, incident_id, service);
    CREATE INDEX alerts_by_end ON alerts (ends_at, incident_id, service);
    CREATE INDEX alerts_firing ON alerts (component, starts_at, incident_id, service) WHERE ends_at IS NULL;
    """,
    """
    ALTER TABLE verdicts ADD COLUMN wave_at REAL NOT NULL DEFAULT 0;
    """,
    """
    CREATE TABLE tokens (
        name TEXT PRIMARY KEY,
        role TEXT NOT NULL,
        digest TEXT NOT NULL UNIQUE,
        created_at REAL NOT NULL,
        expires_at REAL NOT NULL,
        revoked_at REAL
    );
    """,
)
"""Times are unix seconds; `wave_at` is 0 for verdicts from before there were waves.

A step is never changed once released: add one, in SQL of SQLite that `postgresql.DIALECT` can adapt."""


def check_version(version: int) -> None:
    """Raise DatabaseAway if the data was written by a newer version of this program."""
    if version > len(MIGRATIONS):
        raise DatabaseAway(
            f"it has schema {version}, this program knows {len(MIGRATIONS)}: "
            "start the newer version again, or set INCIDENTS_DATABASE to another database"
        )
