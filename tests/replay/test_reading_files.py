"""Any file of past requests is read: columns guessed, bad rows named, nothing stopped by them."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from arro3.core import Array, DataType, Table
from arro3.io import write_parquet

from modelfleet.clock import HOUR, MINUTE, from_datetime, to_datetime
from modelfleet.errors import InvalidInput
from modelfleet.replay import Asked, History, Order, read_history
from modelfleet.replay.columns import choose
from modelfleet.replay.durations import parse_duration, show_duration

NOON = from_datetime(datetime(2024, 1, 31, 12, tzinfo=UTC))


def read(path: Path, content: str, asked: Asked | None = None, **order: int) -> History:
    path.write_text(content, encoding="utf-8")
    return read_history(path, asked or Asked(), Order(**order))


def test_usual_names_of_columns_are_guessed_and_the_guess_is_shown() -> None:
    columns = choose(["Subject", "body", "Team", "customer", "created at"], Asked())
    assert columns.text == ("Subject", "body")
    assert (columns.label, columns.tenant, columns.time) == ("Team", "customer", "created at")
    assert "text: Subject + body (guessed)" in columns.described()
    assert "metadata: none" in columns.described()


def test_what_the_user_names_is_not_guessed() -> None:
    columns = choose(["text", "label", "queue", "product"], Asked(label="queue", tenant=""))
    assert (columns.label, columns.tenant) == ("queue", None)
    assert "label: queue;" in columns.described()


@pytest.mark.parametrize(
    ("names", "asked", "field"),
    [
        (["text", "label"], Asked(label="team"), "label"),
        (["words", "label"], Asked(), "text"),
        (["text", "x"], Asked(), "label"),
        (["text", "label"], Asked(metadata=("os",)), "metadata"),
    ],
)
def test_a_column_that_is_not_there_is_named(names: list[str], asked: Asked, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        choose(names, asked)
    assert refused.value.faults[0].field == field


def test_texts_are_joined_and_tickets_come_in_time_order(tmp_path: Path) -> None:
    history = read(
        tmp_path / "t.csv",
        "title,description,component,product,created,os\n"
        'B,"second, later",api,x,2024-01-31T12:00:00Z,mac\n'
        "A,first,web,y,2024-01-31T11:00:00Z,linux\n",
        Asked(metadata=("os",)),
    )
    first, second = history.tickets
    assert (first.text, first.label, first.tenant) == ("A\nfirst", "web", "y")
    assert (second.text, second.metadata) == ("B\nsecond, later", {"os": "mac"})
    assert second.time - first.time == HOUR
    assert not history.made_up_times


def test_an_empty_or_null_label_means_that_none_fits(tmp_path: Path) -> None:
    history = read(tmp_path / "t.csv", "text,label\none,\ntwo,a\n")
    assert [ticket.label for ticket in history.tickets] == [None, "a"]
    history = read(tmp_path / "t.jsonl", '{"text": "one", "label": null}\n{"text":"x"}\n')
    assert [ticket.label for ticket in history.tickets] == [None, None]


def test_nested_metadata_of_json_lines_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl.gz"
    row = {"text": "hello", "label": "a", "metadata": {"os": "mac", "age": 3}}
    path.write_bytes(gzip.compress(json.dumps(row).encode()))
    (ticket,) = read_history(path, Asked(), Order()).tickets
    assert ticket.metadata == {"os": "mac", "age": 3}


def test_parquet_is_read(tmp_path: Path) -> None:
    text = DataType.string()
    table = Table.from_pydict(
        {"text": Array(["one", "two"], type=text), "label": Array(["a", None], type=text)}
    )
    write_parquet(table, tmp_path / "t.parquet")
    history = read_history(tmp_path / "t.parquet", Asked(), Order())
    assert [(t.line, t.text, t.label) for t in history.tickets] == [
        (1, "one", "a"),
        (2, "two", None),
    ]


def test_without_tenant_and_time_there_is_one_tenant_and_a_request_a_minute(
    tmp_path: Path,
) -> None:
    history = read(tmp_path / "mail.csv", "text,label\none,a\ntwo,b\nthree,c\n")
    assert {ticket.tenant for ticket in history.tickets} == {"mail"}
    times = [ticket.time for ticket in history.tickets]
    assert [time - times[0] for time in times] == [0, MINUTE, 2 * MINUTE]
    assert len(history.notes) == 2


def test_a_shuffle_depends_on_its_seed_only_and_a_limit_takes_the_first(tmp_path: Path) -> None:
    content = "text,label\n" + "".join(f"text {number},a\n" for number in range(30))
    path = tmp_path / "t.csv"
    one, same, other = (read(path, content, shuffle=seed).tickets for seed in (1, 1, 2))
    assert one == same != other
    assert [t.line for t in one] != sorted(t.line for t in one)
    assert read(path, content, shuffle=1, limit=4).tickets == one[:4]


def test_malformed_rows_are_named_by_line_and_reason_and_stop_nothing(tmp_path: Path) -> None:
    history = read(
        tmp_path / "t.csv",
        "text,label,time\n"
        "good,a,2024-01-31\n"
        "too,many,fields,here\n"
        "few\n"
        ",a,2024-01-31\n"
        "no time,a,\n"
        "bad time,a,yesterday\n"
        "control \x07,a,2024-01-31\n"
        '"two\nlines",a,2024-01-31\n'
        f"long label,{'x' * 501},2024-01-31\n"
        "also good,b,2024-02-01\n",
    )
    assert [ticket.text for ticket in history.tickets] == ["good", "two\nlines", "also good"]
    assert [row.line for row in history.malformed] == [3, 4, 5, 6, 7, 8, 11]
    reasons = " | ".join(row.reason for row in history.malformed)
    for said in ("4 fields", "1 fields", "text: must not be empty", "time: is missing", "U+0007"):
        assert said in reasons
    assert "'yesterday'" in reasons
    assert history.rows == 10


def test_broken_json_and_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(b'{"text":"ok","label":"a"}\n{"text":\n\n[1]\n{"text":"\xff","label":"a"}\n')
    history = read_history(path, Asked(), Order())
    assert [row.line for row in history.malformed] == [2, 4, 5]
    csv = tmp_path / "t.csv"
    csv.write_bytes(b"text,label\nok,a\n\xff\xfe,a\n")
    (bad,) = read_history(csv, Asked(), Order()).malformed
    assert (bad.line, bad.reason) == (3, "isn't UTF-8")


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_a_file_in_another_encoding_is_refused_with_the_way_to_convert_it(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    rows = ["plain", "café", "naïve", "plain too"]
    if name == "t.csv":
        lines = ["text,label", *(f"{text},a" for text in rows)]
    else:
        lines = [f'{{"text":"{text}","label":"a"}}' for text in ["plain", *rows]]
    path.write_text("\n".join(lines), encoding="latin1")
    with pytest.raises(InvalidInput, match=r"isn't UTF-8 \(byte \d+ of line 3\).* -f latin1"):
        read_history(path, Asked(), Order())
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        path.write_text("\n".join(lines), encoding=encoding)
        with pytest.raises(InvalidInput, match=r"is UTF-16.*iconv -f utf-16 -t utf-8"):
            read_history(path, Asked(), Order())
    path.write_text("\n".join(lines), encoding="utf-8")
    assert len(read_history(path, Asked(), Order()).tickets) >= len(rows)


def test_some_broken_rows_of_a_file_in_utf_8_are_left_out_alone(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    good = "".join(f"café {number},a\n" for number in range(3))
    path.write_bytes(f"text,label\n{good}".encode() + b"caf\xe9,a\nna\xefve,a\n")
    history = read_history(path, Asked(), Order())
    assert [ticket.text for ticket in history.tickets] == ["café 0", "café 1", "café 2"]
    assert {row.reason for row in history.malformed} == {"isn't UTF-8"}


def test_a_header_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"text,label,gr\xf6\xdfe\nhello,a,1\n")
    with pytest.raises(InvalidInput, match=r"header.*isn't UTF-8.*iconv"):
        read_history(path, Asked(), Order())


def test_a_file_without_one_usable_row_is_refused_with_the_reasons(tmp_path: Path) -> None:
    for content in ("text,label\none,a,b\n,a\n", "text,label\n ,a\none\n"):
        with pytest.raises(InvalidInput, match="no row of") as refused:
            read(tmp_path / "t.csv", content)
        for said in ("line 2: ", "line 3: ", "fields where the header has 2", "must not be empty"):
            assert said in str(refused.value)
    with pytest.raises(InvalidInput, match="and 10 more"):
        read(tmp_path / "t.csv", "text,label\n" + ",a\n" * 30)


def test_a_column_that_stands_twice_in_the_header_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="the column 'text' stands twice in the header"):
        read(tmp_path / "t.csv", "customer,text,text\nc,hello,a\n")


def test_columns_without_a_name_are_passed_over(tmp_path: Path) -> None:
    (ticket,) = read(tmp_path / "t.csv", "text,label,,\nhello,a,,\n").tickets
    assert (ticket.text, ticket.label) == ("hello", "a")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["ticket, free, form", "a; b; c", 'the "text", free', "a,\nb,\nc"])
@pytest.mark.parametrize("heading", ["{0}{1}label", "label{1}{0}", "\n{0}{1}label"])
def test_what_separates_columns_is_told_by_what_stands_outside_quotes(
    tmp_path: Path, heading: str, name: str, separator: str
) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    content = f"{heading.format(quoted, separator)}\nsame{separator}same\n"
    (ticket,) = read(tmp_path / "t.csv", content, Asked(text=(name,))).tickets
    assert (ticket.text, ticket.label) == ("same", "same")


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_a_byte_order_mark_costs_no_row(tmp_path: Path, name: str) -> None:
    content = "text,label\n" if name == "t.csv" else '{"text": "one", "label": "a"}\n'
    content += "two,b\n" if name == "t.csv" else '{"text": "two", "label": "b"}\n'
    history = read(tmp_path / name, f"\ufeff{content}")
    assert not history.malformed
    assert history.tickets[-1].text == "two"


@pytest.mark.parametrize("name", ["missing.csv", "t.xlsx", "t.parquet", "t.csv.gz"])
def test_a_file_that_cannot_be_read_is_refused_in_words(tmp_path: Path, name: str) -> None:
    if name != "missing.csv":
        (tmp_path / name).write_bytes(b"no such format")
    with pytest.raises(InvalidInput, match="file"):
        read_history(tmp_path / name, Asked(), Order())


@pytest.mark.parametrize("content", ["", "text,label\n"])
def test_a_file_without_rows_is_said_to_have_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(content)
    with pytest.raises(InvalidInput, match="has no rows"):
        read_history(path, Asked(), Order())


@pytest.mark.parametrize(
    "written",
    [
        "2024-01-31T12:00:00Z",
        "2024-01-31 12:00",
        "2024-01-31T13:00:00+01:00",
        "1706702400",
        "1706702400000",
        "Wed, 31 Jan 2024 12:00:00 +0000",
        "31/01/2024 12:00",
        "01/31/2024 12:00 PM",
        "31.01.2024 12:00",
    ],
)
def test_times_are_read_as_files_write_them(tmp_path: Path, written: str) -> None:
    (ticket,) = read(tmp_path / "t.csv", f'text,label,time\nhello,a,"{written}"\n').tickets
    assert ticket.time == NOON


def test_one_row_tells_whether_days_or_months_come_first(tmp_path: Path) -> None:
    rows = "".join(f"text,a,0{day}/02/2024\n" for day in range(1, 10))
    history = read(tmp_path / "t.csv", f"text,label,time\n{rows}text,a,25/02/2024\n")
    assert not history.malformed
    assert history.tickets[1].time - history.tickets[0].time == 24 * HOUR


@pytest.mark.parametrize("written", ["25/02/2024", "02/25/2024"])
def test_that_row_may_stand_anywhere_in_a_long_file(tmp_path: Path, written: str) -> None:
    rows = [f"text,a,0{1 + number % 9}/02/2024" for number in range(5_000)]
    rows[4_321] = f"text,a,{written}"
    history = read(tmp_path / "t.csv", "\n".join(["text,label,time", *rows]))
    assert not history.malformed
    last = to_datetime(history.tickets[-1].time)
    assert (last.month, last.day) == ((2, 25) if written == "25/02/2024" else (9, 2))


def test_spans_of_time_are_read_and_shown() -> None:
    for written in ("90s", "15m", "2h", "3d", "1w", "0s"):
        assert show_duration(parse_duration(written, "delay")) == written
    for wrong in ("2", "h", "-1h", "two hours"):
        with pytest.raises(InvalidInput, match="delay"):
            parse_duration(wrong, "delay")
