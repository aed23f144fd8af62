"""Tables are changed once; whoever opens the database afterwards waits for nobody."""

from pathlib import Path

from modelfleet.catalog import migrate
from modelfleet.events import Database


def test_a_database_with_the_newest_tables_is_opened_while_another_writes(folder: Path) -> None:
    database = Database(str(folder), durable=False)
    with database.writing():
        migrate(database)  # would wait for the writer in vain, did it want to change something
    database.close()
