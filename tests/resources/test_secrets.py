"""Text without passwords: URLs, arguments, and secrets in any form that text may hold them."""

import json

import pytest

from resources.secrets import redacted, shown


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("postgresql://u:p%40ss@h:5432/d?password=x", "postgresql://u:***@h:5432/d"),
        ("ducklake+postgresql://u:p/w@h/d?files=s3://b@c", "ducklake+postgresql://u:***@h/d"),
        ("redis://:pw@h/0", "redis://:***@h/0"),
        ("redis://h:6379/0", "redis://h:6379/0"),
        ("postgresql://u@h/d", "postgresql://u@h/d"),
        ("s3://bucket/prefix", "s3://bucket/prefix"),
        ("/srv/landing", "/srv/landing"),
        ("u:pw@h/d", "***@h/d"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, seen: str) -> None:
    assert shown(url) == seen


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("at mysql://u:pw@h/d: refused", "at mysql://u:***@h/d: refused"),
        ('"host=h password=pw dbname=d"', '"host=h password=*** dbname=d"'),
        ("password='p w' user=u", "password=*** user=u"),
        ("sc://h:15002/;token=abc.d-e;user_id=u", "sc://h:15002/;token=***;user_id=u"),
        ("password authentication failed", "password authentication failed"),
        ("https://example.com/a:b@c", "https://example.com/a:b@c"),
    ],
)
def test_passwords_in_prose_are_hidden_wherever_they_look_like_one(text: str, seen: str) -> None:
    assert redacted(text, ()) == seen


@pytest.mark.parametrize("secret", ["s3cret/key+marker", "p@ss/word:%41'q", 'quo"te\\back1'])
def test_a_known_secret_is_hidden_in_every_form(secret: str) -> None:
    from urllib.parse import quote

    forms = [secret, quote(secret, safe=""), secret.replace("'", "''"), json.dumps(secret)[1:-1]]
    for form in forms:
        assert redacted(f"before {form} after", [secret]) == "before *** after"
    assert redacted(f"before {secret}", [quote(secret, safe="")]) == "before ***"


def test_json_stays_json() -> None:
    secret = 'quo"te\\back1'
    event = json.dumps({"error": f"refused {secret}", "args": 'password="x"', "n": 1})
    assert json.loads(redacted(event, [secret]))["error"] == "refused ***"


def test_a_short_or_plain_word_is_hidden_in_urls_only() -> None:
    told = redacted("the database at postgresql://u:database@h/d", ["database", "abc1"])
    assert told == "the database at postgresql://u:***@h/d"
