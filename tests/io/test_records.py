import multiprocessing
import os
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from perennial.io.databases import absolute_url
from perennial.io.record_tables import METADATA
from perennial.io.records import (
    HEAD,
    MIGRATIONS,
    count_predictions,
    find_unknown,
    insert_labels,
    insert_predictions,
    migrate_log,
    open_log,
    prune_log,
    read_predictions,
    read_revision,
)
from perennial.refusal import Refusal
from tests.io.logged import START, downgrade_log, make_label, make_row, open_new


def start_at_once(folder: str, gate: "multiprocessing.synchronize.Barrier") -> None:
    gate.wait()
    open_new(Path(folder))


def test_the_migrations_make_exactly_the_declared_tables(tmp_path: Path) -> None:
    engine = open_new(tmp_path)
    assert read_revision(engine) == HEAD == ScriptDirectory(str(MIGRATIONS)).get_current_head()
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


def test_a_log_is_brought_up_to_date_once_and_keeps_what_it_holds(tmp_path: Path) -> None:
    engine = open_new(tmp_path)
    with engine.begin() as connection:
        insert_predictions(connection, [make_row(1)])
    migrate_log(open_new(tmp_path))
    assert count_predictions(engine) == 1


def test_a_log_of_the_first_release_gets_what_it_lacks_and_keeps_what_it_holds(tmp_path: Path) -> None:
    engine = open_new(tmp_path)
    downgrade_log(engine)
    older = {name: value for name, value in make_row(1).items() if name not in ("shadow_of", "scoring_ms")}
    columns = ", ".join(older)
    with engine.begin() as connection:
        connection.execute(sa.text(f"INSERT INTO predictions ({columns}) VALUES (:{', :'.join(older)})"), older)
    migrate_log(engine)
    with engine.begin() as connection:
        insert_predictions(connection, [make_row(2, shadow_of="00000001-0", lane="shadow", inputs="{}", key=None)])
        insert_labels(connection, [make_label(1)])
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    [[first, beside]] = read_predictions(engine)
    assert (first["scoring_ms"], first["shadow_of"], first["label"]) == (None, None, True)
    assert (beside["inputs"], beside["label"]) == (first["inputs"], True)


@pytest.mark.slow
def test_services_that_start_at_once_make_one_log(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(3)
    started = [context.Process(target=start_at_once, args=(str(tmp_path), gate)) for _ in range(3)]
    for process in started:
        process.start()
    for process in started:
        process.join()
    assert [process.exitcode for process in started] == [0, 0, 0]
    assert count_predictions(open_log(f"sqlite:///{tmp_path}/log/predictions.db")) == 0


def test_the_log_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    engine = open_new(tmp_path)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Refusal, match=r"tables of a newer release \(9999, not 0002\)"):
        migrate_log(engine)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("predictions.db", "is no URL"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("mysql://h/d", "the log is in mysql"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused(url: str, reason: str) -> None:
    with pytest.raises(Refusal, match=reason):
        open_log(url)


def test_an_address_out_of_reach_is_refused_without_its_password(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Refusal, match="cannot be made"):
        migrate_log(open_log(f"sqlite:///{tmp_path}/file/log.db"))
    (tmp_path / "text.db").write_text("no database, but long enough to be read as the head of one, which it is not")
    with pytest.raises(Refusal, match="file is not a database"):
        migrate_log(open_log(f"sqlite:///{tmp_path}/text.db"))


def test_a_relative_file_becomes_absolute_and_the_rest_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute_url("sqlite:///a/b.db") == f"sqlite:///{tmp_path}/a/b.db"
    assert absolute_url("postgresql+psycopg://u:p@h/d") == "postgresql+psycopg://u:p@h/d"


def test_the_newest_label_counts_and_an_id_goes_before_a_key(tmp_path: Path) -> None:
    engine = open_new(tmp_path)
    with engine.begin() as connection:
        insert_predictions(connection, [make_row(number) for number in range(3)])
        insert_labels(connection, [make_label(0), make_label(0, label="false")])
        insert_labels(connection, [make_label(1, prediction=None, key="k1", label="false"), make_label(1)])
    [rows] = read_predictions(engine)
    assert [row["label"] for row in rows] == [False, True, None]
    assert rows[0]["label_known_at"].replace(tzinfo=START.tzinfo) == START + timedelta(days=1)
    assert rows[0]["inputs"] == {"x": 1.5, "name": "a"}
    assert rows[0]["decision"] is True
    [late] = read_predictions(engine, START + timedelta(hours=2))
    assert [row["key"] for row in late] == ["k2"]


def test_unknown_predictions_are_named_in_their_order(tmp_path: Path) -> None:
    engine = open_new(tmp_path)
    with engine.begin() as connection:
        insert_predictions(connection, [make_row(number) for number in range(3)])
        assert find_unknown(connection, "key", ["z", "k1", "a"]) == ["z", "a"]
        assert find_unknown(connection, "id", [f"{n:08d}-0" for n in range(2500)]) == [
            f"{n:08d}-0" for n in range(3, 2500)
        ]


def test_what_is_too_old_goes_and_the_rest_stays(tmp_path: Path) -> None:
    engine = open_new(tmp_path)
    with engine.begin() as connection:
        insert_predictions(connection, [make_row(number) for number in range(2500)])
        insert_labels(connection, [make_label(0), make_label(2400)])
    now = START + timedelta(hours=2499)
    assert prune_log(engine, days=10, now=now) == 2500 - 241
    assert count_predictions(engine) == 241
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT prediction FROM labels").scalars().all() == ["00002400-0"]
    assert prune_log(engine, days=10, now=now) == 0


def test_a_group_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    engine = open_new(tmp_path)
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        insert_predictions(connection, [make_row(1), make_row(2), make_row(1)])
    assert count_predictions(engine) == 0


def test_an_error_never_repeats_what_was_to_be_recorded(tmp_path: Path) -> None:
    engine = open_new(tmp_path)
    with pytest.raises(sa.exc.IntegrityError) as failed, engine.begin() as connection:
        insert_predictions(connection, [make_row(1, key="secret"), make_row(1, key="secret")])
    assert "secret" not in str(failed.value)


def test_only_the_owner_may_read_the_folder(tmp_path: Path) -> None:
    open_new(tmp_path)
    assert os.stat(tmp_path / "log").st_mode & 0o077 == 0
    with sqlite3.connect(f"file:{tmp_path}/log/predictions.db?mode=ro", uri=True) as plain:
        assert plain.execute("SELECT count(*) FROM predictions").fetchone() == (0,)
