"""Stores from before there were revisions, with a row in each table, as SQLite had them."""

FIRST = """
CREATE TABLE predictions (
    id VARCHAR(36) NOT NULL PRIMARY KEY, at DATETIME NOT NULL, model_version VARCHAR NOT NULL, digest VARCHAR NOT NULL,
    category VARCHAR NOT NULL, confidence FLOAT NOT NULL, text_length INTEGER NOT NULL,
    text_digest VARCHAR(64) NOT NULL, known_share FLOAT, language VARCHAR, caller VARCHAR, arm VARCHAR,
    pair_id VARCHAR(36), duration_ms FLOAT NOT NULL, text VARCHAR
);
CREATE INDEX ix_predictions_at ON predictions (at);
CREATE INDEX ix_predictions_text_digest ON predictions (text_digest);
CREATE INDEX ix_predictions_pair_id ON predictions (pair_id);
CREATE TABLE feedback (
    id VARCHAR(36) NOT NULL PRIMARY KEY, at DATETIME NOT NULL, said_last_at DATETIME NOT NULL, subject VARCHAR NOT NULL,
    prediction_id VARCHAR(36), text_digest VARCHAR(64), text VARCHAR, category VARCHAR NOT NULL,
    editor VARCHAR NOT NULL, "key" VARCHAR, revision INTEGER NOT NULL,
    UNIQUE (subject, editor, revision), UNIQUE (editor, "key")
);
INSERT INTO predictions VALUES (
    'p1', '2026-03-04 12:00:00.000000', '1', 'sha256:ab', 'sport', 0.5, 28, 'a', NULL, NULL, NULL, NULL, NULL, 0.5, NULL
);
INSERT INTO feedback VALUES (
    'f1', '2026-03-04 12:00:00.000000', '2026-03-04 12:00:00.000000', 'prediction:p1', 'p1', NULL, NULL, 'politics',
    'Ruth', NULL, 1
);
"""

# Later: a ledger, and windows with a column that is none any more.
SECOND = """
CREATE TABLE promotion_ledger (
    id INTEGER NOT NULL, at DATETIME NOT NULL, actor VARCHAR NOT NULL, action VARCHAR NOT NULL,
    decision VARCHAR NOT NULL, from_version VARCHAR, to_version VARCHAR, digest VARCHAR, reason VARCHAR NOT NULL,
    evidence JSON NOT NULL, PRIMARY KEY (id)
);
CREATE TRIGGER promotion_ledger_no_UPDATE BEFORE UPDATE ON promotion_ledger
    BEGIN SELECT RAISE(ABORT, 'the promotion ledger only grows'); END;
CREATE TRIGGER promotion_ledger_no_DELETE BEFORE DELETE ON promotion_ledger
    BEGIN SELECT RAISE(ABORT, 'the promotion ledger only grows'); END;
CREATE TRIGGER promotion_ledger_no_replace BEFORE INSERT ON promotion_ledger
    WHEN EXISTS (SELECT 1 FROM promotion_ledger WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'the promotion ledger only grows'); END;
CREATE TABLE monitoring_windows (
    start DATETIME NOT NULL, seconds INTEGER NOT NULL, digest VARCHAR NOT NULL, arm VARCHAR NOT NULL,
    version VARCHAR NOT NULL, is_complete BOOLEAN NOT NULL, tally JSON NOT NULL, scores JSON NOT NULL,
    state VARCHAR NOT NULL, PRIMARY KEY (start, seconds, digest, arm)
);
INSERT INTO promotion_ledger VALUES (
    1, '2026-03-04 12:00:00.000000', 'editor', 'promote', 'promoted', NULL, '1', 'sha256:ab', 'good enough', '{}'
);
INSERT INTO monitoring_windows VALUES (
    '2026-03-04 12:00:00.000000', 3600, 'sha256:ab', '', '1', 1, '{}', '[]', 'calm'
);
"""

# The tables that the last version before the revisions made.
LAST = """
CREATE TABLE predictions (
    id VARCHAR(36) NOT NULL, at DATETIME NOT NULL, model_version VARCHAR NOT NULL, digest VARCHAR NOT NULL,
    category VARCHAR NOT NULL, confidence FLOAT NOT NULL, text_length INTEGER NOT NULL,
    text_digest VARCHAR(64) NOT NULL, known_share FLOAT, language VARCHAR, caller VARCHAR, arm VARCHAR,
    pair_id VARCHAR(36), duration_ms FLOAT NOT NULL, text VARCHAR, terms VARCHAR, PRIMARY KEY (id)
);
CREATE INDEX ix_predictions_pair_id ON predictions (pair_id) WHERE pair_id IS NOT NULL;
CREATE INDEX ix_predictions_at ON predictions (at);
CREATE TABLE feedback (
    id VARCHAR(36) NOT NULL, at DATETIME NOT NULL, said_last_at DATETIME NOT NULL, subject VARCHAR NOT NULL,
    prediction_id VARCHAR(36), text_digest VARCHAR(64), text VARCHAR, category VARCHAR NOT NULL,
    editor VARCHAR NOT NULL, "key" VARCHAR, revision INTEGER NOT NULL, caller VARCHAR, PRIMARY KEY (id),
    UNIQUE (subject, editor, revision), UNIQUE (editor, "key")
);
CREATE INDEX ix_feedback_text_digest ON feedback (text_digest);
CREATE INDEX ix_feedback_prediction_id ON feedback (prediction_id);
CREATE TABLE pipeline_runs (
    id INTEGER NOT NULL, pipeline VARCHAR NOT NULL, started_at DATETIME NOT NULL, ended_at DATETIME NOT NULL,
    status VARCHAR NOT NULL, rows JSON NOT NULL, detail JSON NOT NULL, PRIMARY KEY (id)
);
CREATE INDEX ix_pipeline_runs_newest ON pipeline_runs (pipeline, ended_at);
INSERT INTO predictions VALUES (
    'p1', '2026-03-04 12:00:00.000000', '1', 'sha256:ab', 'sport', 0.5, 28, 'a', NULL, NULL, NULL, NULL, NULL, 0.5,
    NULL, NULL
);
INSERT INTO feedback VALUES (
    'f1', '2026-03-04 12:00:00.000000', '2026-03-04 12:00:00.000000', 'prediction:p1', 'p1', NULL, NULL, 'politics',
    'Ruth', NULL, 1, NULL
);
"""
