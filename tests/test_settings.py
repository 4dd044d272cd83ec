"""Settings: what is read, what is refused, and that secrets show nowhere."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import pprint
import traceback
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backend
import pytest
from keyring.backends import chainer, fail, null

from leadkit.errors import SettingsError
from leadkit.settings import VARIABLES, Secret, SecretFilter, Settings, is_loopback_url

CANARY = "ll_canary_5f0c2d7e91"


def settings(**environ: str) -> Settings:
    return Settings.from_environment(environ)


# -- secrets ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shown",
    [
        repr,
        str,
        "{}".format,
        "{!r}".format,
        "{:>40}".format,
        lambda secret: f"{secret}",
        lambda secret: f"{secret:x}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - loggers format like this
        lambda secret: pprint.pformat({"key": [secret]}),
        lambda secret: repr([getattr(secret, name) for name in dir(secret)]),
    ],
)
def test_a_secret_shows_stars_however_it_is_shown(shown: object) -> None:
    assert callable(shown)
    assert CANARY not in shown(Secret(CANARY))


def test_a_secret_is_given_only_to_who_asks_for_it() -> None:
    assert Secret(CANARY).reveal() == CANARY


def test_a_secret_cannot_be_stored_and_a_copy_is_no_second_one() -> None:
    secret = Secret(CANARY)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError):
            pickle.dumps({"key": secret}, protocol)
    with pytest.raises(TypeError):
        json.dumps({"key": secret})
    assert copy.copy(secret) is secret
    assert copy.deepcopy({"key": secret})["key"] is secret
    assert not hasattr(secret, "__dict__")


@pytest.mark.parametrize("own", [True, False], ids=["this process", "a mapping"])
def test_settings_show_no_secret(own: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {
        "LEADLEAP_API_KEY": CANARY,
        "LEADKIT_HOME": "/home/someone",
        "LEADKIT_LEDGER": f"postgresql://us:{CANARY}@db.example/leads",
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    found = Settings.from_environment(None if own else environ)
    found.key("LEADLEAP_API_KEY")
    shown = f"{found} {found!r} {pprint.pformat(vars(found))}"
    assert CANARY not in shown
    assert "db.example" not in shown
    with pytest.raises((TypeError, AttributeError)):
        pickle.dumps(found)


def test_the_log_filter_blanks_the_key_in_messages_arguments_and_tracebacks(
    caplog: pytest.LogCaptureFixture,
) -> None:
    found = settings(LEADLEAP_API_KEY=CANARY)
    found.key("LEADLEAP_API_KEY")
    logger = logging.getLogger("test_settings.filter")
    logger.addFilter(SecretFilter(found))
    with caplog.at_level(logging.DEBUG):
        logger.warning("sent %s", {"Authorization": f"Bearer {CANARY}"})
        logger.warning(f"sent {CANARY}")
        try:
            raise ValueError(CANARY)
        except ValueError:
            logger.exception("failed")
        logger.warning("nothing to hide in %d", 3)
    assert caplog.text.count("***") == 3
    assert CANARY not in caplog.text
    assert "nothing to hide in 3" in caplog.text


def test_the_log_filter_knows_the_key_as_basic_authorisation_carries_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    import base64

    found = settings(LEADIQ_API_KEY=CANARY)
    found.key("LEADIQ_API_KEY")
    packed = base64.b64encode(f"{CANARY}:".encode()).decode()
    assert packed[:20] not in found.blank_secrets(f"Authorization: Basic {packed}")


@pytest.mark.parametrize("padding", ["", "="])
def test_the_log_filter_knows_a_key_that_came_packed_as_it_goes_out_unpacked(padding: str) -> None:
    import base64

    packed = base64.b64encode(CANARY.encode()).decode().rstrip("=")
    found = settings(LEADIQ_API_KEY=packed + padding * (-len(packed) % 4))
    found.key("LEADIQ_API_KEY")
    assert found.blank_secrets(f"X-API-Key: {CANARY}") == "X-API-Key: ***"


# -- keys -------------------------------------------------------------------------------------------------------


def test_a_key_is_read_without_the_blanks_around_it() -> None:
    assert settings(LEADLEAP_API_KEY=f"  {CANARY}\n").key("LEADLEAP_API_KEY").reveal() == CANARY


@pytest.mark.parametrize(
    "value",
    [
        "",
        "   ",
        f"{CANARY} x",
        f"{CANARY}\nX-Evil: 1",
        f"{CANARY}\t1",
        f"{CANARY}é",
        f"{CANARY}\x00",
        f"“{CANARY}”",
    ],
)
def test_a_value_that_cannot_be_a_key_is_refused_without_being_shown(value: str) -> None:
    with pytest.raises(SettingsError, match="LEADLEAP_API_KEY") as caught:
        settings(LEADLEAP_API_KEY=value).key("LEADLEAP_API_KEY")
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    assert "Nothing was sent" in str(caught.value)


def test_a_missing_key_says_which_how_to_set_it_and_that_the_demo_needs_none() -> None:
    with pytest.raises(SettingsError) as caught:
        settings().key("LEADLEAP_API_KEY")
    words = str(caught.value)
    assert "LEADLEAP_API_KEY is not set" in words
    assert "export LEADLEAP_API_KEY=" in words
    assert "keyring set leadkit LEADLEAP_API_KEY" in words
    assert "leadkit demo" in words
    assert "Nothing was sent" in words


def test_a_key_under_nearly_the_right_name_is_pointed_out() -> None:
    with pytest.raises(SettingsError, match="LEADLEAP_APIKEY is set: was LEADLEAP_API_KEY meant") as caught:
        settings(LEADLEAP_APIKEY=CANARY).key("LEADLEAP_API_KEY")
    assert CANARY not in str(caught.value)


def test_a_key_set_later_in_the_same_process_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Settings.from_environment()
    assert not found.has_key("LEADLEAP_API_KEY")
    monkeypatch.setenv("LEADLEAP_API_KEY", CANARY)
    assert found.key("LEADLEAP_API_KEY").reveal() == CANARY


def test_a_dotenv_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text(f"LEADLEAP_API_KEY={CANARY}\n")
    monkeypatch.chdir(tmp_path)
    assert not settings().has_key("LEADLEAP_API_KEY")


# -- the keyring ------------------------------------------------------------------------------------------------


class Safe(keyring.backend.KeyringBackend):  # type: ignore[misc]
    """A keyring in memory."""

    priority = 1.0

    def get_password(self, service: str, username: str) -> str | None:
        return CANARY if (service, username) == ("leadkit", "LEADLEAP_API_KEY") else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError


class PlaintextKeyring(Safe):
    """Like the one of keyrings.alt, by its name."""


class Locked(Safe):
    def get_password(self, service: str, username: str) -> str | None:
        raise keyring.errors.KeyringLocked(CANARY)


class Chained(chainer.ChainerBackend):  # type: ignore[misc]
    backends = (Safe(), PlaintextKeyring())


@pytest.fixture
def _keyring_as_it_was() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


@pytest.mark.usefixtures("_keyring_as_it_was")
def test_the_keyring_is_asked_for_a_key_that_the_environment_lacks() -> None:
    keyring.set_keyring(Safe())
    assert Settings.from_environment({}, keyring=True).key("LEADLEAP_API_KEY").reveal() == CANARY
    found = Settings.from_environment({"LEADLEAP_API_KEY": "from_the_environment"}, keyring=True)
    assert found.key("LEADLEAP_API_KEY").reveal() == "from_the_environment"


@pytest.mark.usefixtures("_keyring_as_it_was")
def test_a_sandbox_or_test_never_reaches_for_a_real_key() -> None:
    keyring.set_keyring(Safe())
    assert not Settings.from_environment({}).has_key("LEADLEAP_API_KEY")


@pytest.mark.usefixtures("_keyring_as_it_was")
@pytest.mark.parametrize(
    "backend",
    [PlaintextKeyring(), Chained(), null.Keyring(), fail.Keyring(), Locked()],
    ids=lambda b: type(b).__module__ + type(b).__name__,
)
def test_a_keyring_that_does_not_keep_keys_safe_is_not_used(backend: keyring.backend.KeyringBackend) -> None:
    keyring.set_keyring(backend)
    with pytest.raises(SettingsError, match="LEADLEAP_API_KEY is not set") as caught:
        Settings.from_environment({}, keyring=True).key("LEADLEAP_API_KEY")
    assert CANARY not in "".join(traceback.format_exception(caught.value))


# -- variables --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("LEADKIT_HOM", "LEADKIT_HOME"),
        ("LEADKIT_LEGDER", "LEADKIT_LEDGER"),
        ("LEADKIT_LEADLEAP_VALIDATION_CREDIT", "LEADKIT_LEADLEAP_VALIDATION_CREDITS"),
        ("LEADKIT_PROSPECTOR", "LEADKIT_PROSPECTOR_URL"),
        ("leadkit_home", "LEADKIT_HOME"),
    ],
)
def test_a_misspelt_setting_is_refused_with_the_nearest_one(misspelt: str, meant: str) -> None:
    with pytest.raises(SettingsError, match=f"no setting {misspelt}; did you mean {meant}"):
        settings(**{misspelt: "x"})


def test_other_programs_variables_are_none_of_our_business() -> None:
    settings(PATH="/bin", LEADKITTEN="1", HOME="/home/someone")


def test_the_home_is_where_it_is_said_to_be_or_where_the_system_keeps_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings(LEADKIT_HOME=str(tmp_path)).home == tmp_path
    monkeypatch.setenv("HOME", str(tmp_path))
    assert settings(LEADKIT_HOME="~/leads").home == tmp_path / "leads"
    assert settings().home.name == "leadkit"
    assert settings().home.is_absolute()


@pytest.mark.parametrize("value", ["", "  ", "a\0b"])
def test_an_unusable_home_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="LEADKIT_HOME"):
        settings(LEADKIT_HOME=value)


@pytest.mark.parametrize(
    "url", ["postgresql://u@db.example/leads", "postgres://db/leads", "postgresql+psycopg://db/x"]
)
def test_a_team_ledger_is_a_postgresql_url(url: str) -> None:
    assert settings(LEADKIT_LEDGER=url).ledger_url == url
    assert settings().ledger_url is None


@pytest.mark.parametrize(
    "url", ["", "sqlite:///leads", "/home/someone/ledger", f"mysql://u:{CANARY}@db/leads"]
)
def test_another_team_ledger_is_refused_without_showing_its_password(url: str) -> None:
    with pytest.raises(SettingsError, match="LEADKIT_LEDGER") as caught:
        settings(LEADKIT_LEDGER=url)
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(("value", "millicredits"), [("0.1", 100), ("0", 0), ("1", 1000), (None, None)])
def test_the_users_own_price_of_a_validation_is_read_in_credits(
    value: str | None, millicredits: int | None
) -> None:
    environ = {} if value is None else {"LEADKIT_LEADLEAP_VALIDATION_CREDITS": value}
    assert settings(**environ).leadleap_validation_millicredits == millicredits


@pytest.mark.parametrize("value", ["", "free", "-1", "nan", "0.0001"])
def test_a_price_that_is_no_amount_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="LEADKIT_LEADLEAP_VALIDATION_CREDITS"):
        settings(LEADKIT_LEADLEAP_VALIDATION_CREDITS=value)


def test_the_leadfeeder_account_is_optional() -> None:
    assert settings().leadfeeder_account_id is None
    assert settings(LEADFEEDER_ACCOUNT_ID=" 12345 ").leadfeeder_account_id == "12345"


# -- base URLs --------------------------------------------------------------------------------------------------

DEFAULT = "https://api.leadleap.example/api/v1"

HOSTILE_URLS = [
    "https://api.leadleap.example@evil.example/api/v1",
    "https://api.leadleap.example.evil.example/api/v1",
    "https://evil.example/api/v1",
    "http://api.leadleap.example/api/v1",
    "http://127.0.0.1@evil.example/",
    "http://evil.example#@127.0.0.1/",
    "http://evil.example?@127.0.0.1/",
    "http://127.0.0.1\\@evil.example/",
    "http://evil.example\\@127.0.0.1/",
    "http://127.0.0.1.evil.example/",
    "http://localhost.evil.example/",
    "http://2130706433/",
    "http://2852039166/latest/meta-data",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://169.254.169.254/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::1%25eth0]/",
    "http://[127.0.0.1]/",
    "http://0.0.0.0:8000/",
    "http://10.0.0.1/",
    "http://[::]/",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1:0/",
    "http://127.0.0.1:80:80/",
    "http:///127.0.0.1/",
    "http:127.0.0.1/",
    "//127.0.0.1/",
    "127.0.0.1:8000",
    "ftp://127.0.0.1/",
    "file:///etc/passwd",
    "http://127.0.0.1/\r\nX-Evil: 1",
    " http://127.0.0.1/",
    "http://１２７.0.0.1/",
    "http://%6c%6f%63alhost/",
    "http://lоcalhost/",
    "http://localhost./",
    "",
]


@pytest.mark.parametrize("url", HOSTILE_URLS)
def test_a_base_url_is_replaced_only_by_one_of_this_machine(url: str) -> None:
    assert not is_loopback_url(url)
    with pytest.raises(SettingsError, match="LEADKIT_LEADLEAP_URL") as caught:
        settings(LEADKIT_LEADLEAP_URL=url).base_url("api", DEFAULT, "LEADKIT_LEADLEAP_URL")
    assert "Nothing was sent" in str(caught.value)
    assert "evil" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/api/v1",
        "http://127.8.9.10:8000",
        "http://[::1]:8000/api/v1/",
        "http://localhost:8000/x",
        "https://localhost/v1",
    ],
)
def test_a_test_server_on_this_machine_replaces_the_real_one(url: str) -> None:
    assert settings(LEADKIT_LEADLEAP_URL=url).base_url("api", DEFAULT, "LEADKIT_LEADLEAP_URL") == url.rstrip(
        "/"
    )


def test_without_a_replacement_the_providers_own_address_is_used() -> None:
    assert settings().base_url("api", DEFAULT, "LEADKIT_LEADLEAP_URL") == DEFAULT
    assert settings().base_url("api", DEFAULT, "") == DEFAULT


@pytest.mark.parametrize(
    "url",
    ["http://api.leadleap.example", "https://u:p@api.leadleap.example", "https://", "api.leadleap.example"],
)
def test_a_provider_without_https_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="https"):
        settings().base_url("api", url, "")


def test_every_base_url_of_the_design_has_its_variable() -> None:
    assert {name for name in VARIABLES if name.endswith("_URL")} == {
        f"LEADKIT_{host}_URL" for host in ("LEADLEAP", "LEADIQ", "PROSPECTOR", "LEADFEEDER", "LEADEY")
    }
