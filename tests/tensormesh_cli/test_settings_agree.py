"""The SDK and `tm` accept the same values for a setting, and read them alike."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from support.cases import for_each
from support.command_line import tm

from tensormesh import AsyncTensormesh, ConfigurationError, Tensormesh
from tensormesh._settings import resolve_settings
from tensormesh.settings import SETTINGS, SettingError
from tensormesh_cli._errors import ConfigFault
from tensormesh_cli._given import GlobalOptions
from tensormesh_cli.config.keys import KEYS
from tensormesh_cli.config.settings import resolve

REFUSED = "refused"
USER = "01234567-89ab-cdef-0123-456789abcdef"
# The key of `tm`, and the setting of the SDK.
NAMES = {
    "controlplane_base": "control_plane_base_url",
    "timeout_seconds": "timeout_seconds",
    "max_retries": "max_retries",
    "ca_bundle": "ca_bundle",
    "gateway_api_key": "inference_api_key",
    "serverless_base_url": "serverless_base_url",
    "on_demand_base_url": "on_demand_base_url",
}
URLS = [
    *("https://host", "HTTPS://Host/", "http://host:80/v1/", "https://v1", "https://host/v1/v1"),
    *("https://${HOST}", "https://<host>/v1", "host", "ftp://host", "https://", "https://:80"),
    *("https://host:port", "https://host:99999", "https://[::1", "http://[::1]:1/v1"),
    *("https://user:canary@host", "https://host?a", "https://host#", "https://ho st", " https://h"),
    *("https://host\\a", "https://b\u00fccher.example", "https://host\n"),
]
PROBES: dict[str, list[str]] = {
    "controlplane_base": URLS,
    "serverless_base_url": URLS,
    "on_demand_base_url": URLS,
    "timeout_seconds": [
        *("5", "2.5", "1e2", " 5 ", ".5", "+5", "0", "-1", "nan", "inf", "1e300", "five", "5s"),
        *("1,5", "1_000", "\u0663", " ", "31536000", "31536001"),
    ],
    "max_retries": [
        *("0", "3", " 3 ", "999999", "1000000", "+3", "-1", "1.0", "1_0", "\u0663", "two", " "),
        "9" * 5000,
    ],
    "ca_bundle": ["/a/ca.pem", "~/ca.pem", "ca.pem", "a b.pem", " "],
    "gateway_api_key": [
        *("ak-1", "Bearer ak-1", "bearer-1", " ak-1", "ak-1 ", "ak 1", "ak\t1", "ak\u00e9"),
        "ak\x7f",
    ],
}


def of_variable(key: str, text: str) -> Any:
    setting = SETTINGS[NAMES[key]]
    assert setting.variable
    try:
        return getattr(resolve_settings({}, {setting.variable: text}), setting.name)
    except ConfigurationError:
        return REFUSED


def of_argument(key: str, value: Any) -> Any:
    values = []
    ways: list[Any] = [Tensormesh, AsyncTensormesh, Tensormesh().with_options]
    for make in ways:
        try:
            values.append(getattr(make(**{NAMES[key]: value})._settings, NAMES[key]))
        except ConfigurationError:
            values.append(REFUSED)
    assert all(each == values[0] for each in values)
    return values[0]


def of_file(path: Path, key: str, literal: str) -> Any:
    table = KEYS[key].tables[0]
    path.write_text((f"[{table}]\n" if table else "") + f"{key} = {literal}\n")
    return of_settings(key, {}, str(path))


def of_settings(key: str, environ: dict[str, str], path: str | None = None) -> Any:
    try:
        return getattr(resolve(GlobalOptions(config=path), environ), key)
    except ConfigFault:
        return REFUSED


def of_set_command(path: Path, key: str, text: str) -> Any:
    path.unlink(missing_ok=True)
    result = tm("--config", str(path), "config", "set", key, "--", text)
    if result.status != 0:
        assert f"`{key}` " in result.stderr
        return REFUSED
    document = tomllib.loads(path.read_text("utf-8"))
    table = KEYS[key].tables[0]
    return (document[table] if table else document)[key]


def test_texts_are_accepted_and_refused_alike_everywhere(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    for key, probes in PROBES.items():
        setting = SETTINGS[NAMES[key]]
        for text in probes:
            expected = of_variable(key, text)
            routes = {"environment of tm": of_settings(key, {setting.variable or "": text})}
            if setting.read is None:
                routes["argument"] = of_argument(key, text)
            if KEYS[key].tables:
                # As JSON, which TOML reads alike but for control characters and surrogates.
                literal = json.dumps(text).replace("\x7f", "\\u007f")
                routes["file"] = of_file(path, key, literal)
                routes["config set"] = of_set_command(path, key, text)
            assert routes == dict.fromkeys(routes, expected), (key, text)


def test_numbers_are_accepted_and_refused_alike_everywhere(tmp_path: Path) -> None:
    numbers: list[Any] = [0, 1, 3, 2.5, -1, 1e-3, 1e300, True, 10**6, 31_536_000, 31_536_001]
    for key in ("timeout_seconds", "max_retries"):
        for number in numbers:
            literal = json.dumps(number)
            assert of_file(tmp_path / "config.toml", key, literal) == of_argument(key, number), (
                key,
                number,
            )


@given(st.sampled_from(sorted(NAMES)), st.text(min_size=1, max_size=40))
def test_whatever_is_written_tm_and_the_sdk_agree(key: str, text: str) -> None:
    setting = SETTINGS[NAMES[key]]
    try:
        expected = setting.parse(text)
    except SettingError:
        expected = REFUSED
    assert of_variable(key, text) == expected
    assert of_settings(key, {setting.variable or "": text}) == expected


@for_each("name", SETTINGS)
def test_what_is_accepted_once_is_accepted_again_unchanged(name: str) -> None:
    examples = {
        "_url": "https://Host/a/v1/v1/",
        "_id": USER,
        "_seconds": "2.5",
        "max_retries": "3",
        "ca_bundle": "/a/ca.pem",
    }
    text = next((each for end, each in examples.items() if name.endswith(end)), "key-1")
    value = SETTINGS[name].parse(text)
    assert SETTINGS["control_plane_base_url" if "_url" in name else name].validate(value) == value
