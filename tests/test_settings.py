"""One set of settings: from file, environment and flags; all that is wrong is told at once."""

from pathlib import Path

import pytest

from modelfleet.errors import SettingsWrong
from modelfleet.settings import Settings, load_settings, parse_bytes


def test_without_anything_the_defaults_are_in_force() -> None:
    assert load_settings(environment={}) == Settings()


def test_flags_go_before_environment_and_environment_before_file(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('host = "file"\nport = 1\nworkers = 7\n')
    environment = {"MODELFLEET_HOST": "environment", "MODELFLEET_PORT": "2", "HOME": "/x"}
    settings = load_settings({"port": 3, "host": None}, environment=environment, file=file)
    assert (settings.workers, settings.host, settings.port) == (7, "environment", 3)


def test_a_secret_can_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("postgresql://app:pass@db/fleet\n")
    settings = load_settings(environment={"MODELFLEET_DATABASE_FILE": str(secret)})
    assert settings.database == "postgresql://app:pass@db/fleet"


SIZES = {"1024": 1024, "512MiB": 2**29, "2G": 2**31, "1.5 KB": 1536, "1t": 2**40, "7B": 7}


@pytest.mark.parametrize("text", SIZES)
def test_sizes_are_read_as_people_write_them(text: str) -> None:
    assert parse_bytes(text) == SIZES[text]
    assert load_settings(environment={"MODELFLEET_MEMORY": text}).memory == SIZES[text]


WRONG = {
    "audit_share": ["x", "-0.1", "1.1", "nan", ""],
    "port": ["x", "-1", "65536", "1.5", "", "٣x"],
    "workers": ["-1", "many", "257"],
    "memory": ["lots", "-5", "12 parsecs", ""],
    "log_level": ["loud", ""],
    "database": [""],
    "host": [""],
    "alertmanager": ["", "alertmanager:9093", "ftp://a", "http://a, http://a", "http://a:x"],
    "webhooks": ["example.com/hook", "file:///etc/passwd", "http://", "https://a#b"],
    "webhook_secret": ["hush", "whsec_aHVzaA==", "%%%"],
    "smtp": ["mail.example.com", "http://mail"],
    "email_from": ["ops", "a@b, c@d", "Ops <ops@example.com>"],
    "email_to": ["ops", "a@b c"],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n in WRONG for v in WRONG[n]])
def test_a_wrong_value_stops_the_start_and_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsWrong, match=f"MODELFLEET_{name.upper()}"):
        load_settings(environment={f"MODELFLEET_{name.upper()}": value})


@pytest.mark.parametrize("value", [True, -5, 1.5, [1], "x"])
@pytest.mark.parametrize("name", ["port", "workers", "memory"])
def test_a_wrong_flag_stops_the_start_and_is_named(name: str, value: object) -> None:
    if (name, value) == ("memory", 1.5):
        return
    with pytest.raises(SettingsWrong, match=f"--{name}"):
        load_settings({name: value}, environment={})


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('port = "x"\ncolour = "red"\n')
    environment = {"MODELFLEET_WORKERS": "many", "MODELFLEET_HOTS": "x"}
    environment |= {"MODELFLEET_STORE_FILE": str(tmp_path / "absent")}
    with pytest.raises(SettingsWrong) as wrong:
        load_settings({"memory": "lots"}, environment=environment, file=file)
    message = str(wrong.value)
    for named in (
        "port",
        "colour",
        "MODELFLEET_WORKERS",
        "MODELFLEET_HOTS",
        "--memory",
        "MODELFLEET_STORE_FILE",
    ):
        assert named in message


@pytest.mark.parametrize("content", [b"port = ", b"\xff\xfe", None])
def test_a_file_that_is_none_stops_the_start(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "settings.toml"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    with pytest.raises(SettingsWrong, match=r"settings\.toml"):
        load_settings(environment={}, file=file)
    with pytest.raises(SettingsWrong, match=r"absent\.toml"):
        load_settings(environment={}, file=tmp_path / "absent.toml")


def test_a_secret_file_that_is_no_text_stops_the_start(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsWrong, match="MODELFLEET_DATABASE_FILE"):
        load_settings(environment={"MODELFLEET_DATABASE_FILE": str(secret)})


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://app:hunter2@db:5432/fleet",
        "postgresql://:hunter2@db/fleet",
        "postgresql://db/fleet?user=app&password=hunter2",
        "s3://key:hunter2@bucket/models",
    ],
)
def test_passwords_are_never_shown(url: str) -> None:
    shown = Settings(database=url, store=url).masked()
    assert "hunter2" not in str(shown)
    assert "fleet" in shown["database"] or "bucket" in shown["database"]
    assert Settings(database="./data").masked()["database"] == "./data"


def test_checkpoints_lie_beside_the_database_unless_said_otherwise() -> None:
    assert Settings(database="/srv/fleet").models == "/srv/fleet/models"
    assert Settings(database="postgresql://db/fleet", store="s3://bucket").models == "s3://bucket"


KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


def test_several_addresses_are_a_list_or_separated_by_commas(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('alertmanager = ["http://one:9093", "http://two:9093/am"]\n')
    environment = {"MODELFLEET_WEBHOOKS": "https://a/x, https://b/y"}
    settings = load_settings(environment=environment, file=file)
    assert settings.alertmanager == ("http://one:9093", "http://two:9093/am")
    assert settings.webhooks == ("https://a/x", "https://b/y")


def test_email_needs_a_server_a_sender_and_somebody_to_get_it() -> None:
    with pytest.raises(SettingsWrong, match="email_from and email_to: must be set as well"):
        load_settings({"smtp": "smtp://mail"}, environment={})
    flags = {"smtp": "smtp://mail", "email_from": "a@b", "email_to": "c@d,e@f"}
    assert load_settings(flags, environment={}).email_to == ("c@d", "e@f")


def test_secrets_of_outlets_are_never_shown() -> None:
    told = {
        "webhooks": "https://hooks.example.com/services/hunter2",
        "alertmanager": "https://user:hunter2@am:9093",
        "smtp": "smtps://ops:hunter2@mail:465",
        "email_from": "a@b",
        "email_to": "c@d",
        "webhook_secret": f"whsec_{KEY}",
    }
    shown = load_settings(told, environment={}).masked()
    assert "hunter2" not in str(shown)
    assert KEY not in str(shown)
    assert shown["webhooks"] == ["https://hooks.example.com/…"]
    with pytest.raises(SettingsWrong) as wrong:
        load_settings({"webhooks": "hunter2", "webhook_secret": "hunter2"}, environment={})
    assert "hunter2" not in str(wrong.value)
