"""The page on which a person approves a login of the command line."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import replace
from html import escape
from typing import Final
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from tensormesh_local.control_plane.accounts.api_keys import add_default_api_key
from tensormesh_local.control_plane.accounts.login import APPROVED, DENIED, PENDING, find_login
from tensormesh_local.control_plane.accounts.users import DEFAULT_USER_EMAIL, create_user
from tensormesh_local.control_plane.context import Context
from tensormesh_local.control_plane.errors import ControlPlaneError
from tensormesh_local.http.requests import InvalidRequestError, receive_body

PATH: Final = "/cli"
METHODS: Final = ("GET", "HEAD", "POST")

_EMAIL: Final = re.compile(r"[^@\s<>\"\x00-\x1f]{1,64}@[^@\s<>\"\x00-\x1f]{1,190}")
_MAX_FORM_BYTES: Final = 10_000
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
    ),
    # With "no-referrer" browsers would send the form with "Origin: null".
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tensormesh local host</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 30rem; margin: 4rem auto }}
label, input {{ display: block; width: 100%; box-sizing: border-box; font: inherit }}
input {{ padding: .4rem; margin-bottom: 1rem }}
button {{ font: inherit; padding: .4rem 1.5rem; margin-right: .5rem }}
</style>
</head>
<body>
<h1>{title}</h1>
{content}
</body>
</html>
"""
_FORM: Final = """\
<p><strong>{client}</strong> is requesting access to the Control Plane of this host.</p>
<form method="post">
<input type="hidden" name="login" value="{login}">
<input type="hidden" name="token" value="{token}">
<label for="email">Log in as</label>
<input id="email" name="email" type="email" required list="users" value="{email}">
<datalist id="users">{users}</datalist>
<button name="decision" value="approve">Approve</button>
<button name="decision" value="deny">Deny</button>
</form>
<p>A new address creates a new user.</p>
"""


async def respond(context: Context, request: Request) -> Response:
    """Show the page (GET), or take the decision (POST)."""
    if request.method != "POST":
        return await run_in_threadpool(_show, context, request.query_params.get("login", ""))
    try:
        raw = await receive_body(request, _MAX_FORM_BYTES)
    except InvalidRequestError:
        return _page(413, "Too large", "<p>The form is too large.</p>")
    try:
        fields = parse_qs(raw.decode("utf-8", "replace"), max_num_fields=20)
    except ValueError:
        fields = {}
    return await run_in_threadpool(
        _decide, context, {name: values[-1] for name, values in fields.items()}
    )


def _show(context: Context, login_id: str) -> Response:
    with context.state.read() as db:
        try:
            login = find_login(db, login_id, context.now)
        except ControlPlaneError:
            return _no_login()
        if login["status"] != PENDING:
            return _decided(login["status"])
        emails = db.all("SELECT email FROM users ORDER BY created_at, id LIMIT 50")
    form = _FORM.format(
        client=escape(login["client"]),
        login=escape(login["id"]),
        token=escape(login["form_token"]),
        email=DEFAULT_USER_EMAIL,
        users="".join(f'<option value="{escape(row["email"])}">' for row in emails),
    )
    return _page(200, "Log in", form)


def _decide(context: Context, fields: Mapping[str, str]) -> Response:
    decision = fields.get("decision")
    email = fields.get("email", "").strip()
    with context.state.write() as db:
        try:
            login = find_login(db, fields.get("login", ""), context.now)
        except ControlPlaneError:
            return _no_login()
        # Only the page contains the token, so no other site can approve.
        if not hmac.compare_digest(fields.get("token", "").encode(), login["form_token"].encode()):
            return _page(
                403, "Not allowed", "<p>Open the login page to approve or deny the request.</p>"
            )
        if login["status"] != PENDING:
            return _decided(login["status"])
        if decision == "deny":
            db.update("logins", login["id"], status=DENIED)
            return _decided(DENIED)
        if decision != "approve" or not _EMAIL.fullmatch(email):
            return _page(
                400, "Not valid", "<p>Enter an e-mail address, and choose Approve or Deny.</p>"
            )
        user_id = _user_id(replace(context, connection=db), email)
        db.update("logins", login["id"], status=APPROVED, user_id=user_id)
        return _decided(APPROVED)


def _user_id(context: Context, email: str) -> str:
    row = context.db.one("SELECT id FROM users WHERE email = ?", (email,))
    if row is not None:
        return str(row["id"])
    user_id = context.ids.new_uuid()
    create_user(context.db, user_id, email, context.now)
    add_default_api_key(context, user_id)
    return user_id


def _decided(status: str) -> Response:
    return _page(200, f"Login {status}", "<p>You can close this page.</p>")


def _no_login() -> Response:
    return _page(404, "Login not found", "<p>It has been used or has expired. Start a new one.</p>")


def _page(status: int, title: str, content: str) -> Response:
    return HTMLResponse(
        _PAGE.format(title=title, content=content), status_code=status, headers=_HEADERS
    )
