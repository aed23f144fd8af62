"""PostgreSQL keeps terms as numbers, which take less space and time than texts.

What waits to be sorted into the index is sorted in before it is much: whoever appends when it is
too much does so, and everyone waits for them.
"""

from zlib import crc32

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_AT_ONCE = 10_000
_READ = "SELECT seq, terms FROM event_terms_before WHERE seq > :after ORDER BY seq LIMIT :most"
_WRITE = "INSERT INTO event_terms (seq, terms) VALUES (:seq, :terms)"
_INDEX = (
    "CREATE INDEX event_terms_terms ON event_terms USING GIN (terms) "
    "WITH (gin_pending_list_limit = 256)"
)


def upgrade() -> None:
    """Make the index of terms anew from what it holds."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        return
    op.execute("ALTER TABLE event_terms RENAME TO event_terms_before")
    op.execute("ALTER INDEX event_terms_pkey RENAME TO event_terms_before_pkey")
    op.execute("CREATE TABLE event_terms (seq BIGINT PRIMARY KEY, terms INTEGER[] NOT NULL)")
    after = 0
    while rows := connection.execute(sa.text(_READ), {"after": after, "most": _AT_ONCE}).all():
        numbers = [
            {"seq": seq, "terms": [crc32(term.encode()) - 2**31 for term in terms]}
            for seq, terms in rows
        ]
        connection.execute(sa.text(_WRITE), numbers)
        after = rows[-1].seq
    op.execute("DROP TABLE event_terms_before")
    op.execute(_INDEX)
