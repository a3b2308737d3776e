"""A small site: a public page, a log-in by certificate that falls back to a password, certificates that are
registered in one's account, a page that requires one, and a log-out.

`gunicorn accounts:app` serves it. `SITE_CA` names the CAs, and `SITE_CONFIG` a file of clientcert's options, such as:

    mode = "optional_no_ca"      # who has no registered certificate may look around, and is nobody
    ca = "clients.pem"
    trust = "ca+key"             # of our CA, and registered here
    registry = "sqlite:keys.db"
    identity = "registry"
"""

import os
import secrets
from functools import wraps

from flask import Flask, abort, flash, redirect, render_template, request, session, url_for
from werkzeug.security import check_password_hash, generate_password_hash

from clientcert import Config, Error, Verifier
from clientcert.flask import ClientCertificates, client, require_certificate
from clientcert.web import require

verifier = Verifier(Config.load(os.environ["SITE_CONFIG"]))
registry = verifier.registry()
registry.act_as("the site")

app = Flask(__name__)
app.config.update(
    SECRET_KEY=secrets.token_bytes(), SESSION_COOKIE_SECURE=True, SESSION_COOKIE_SAMESITE="Lax"
)
ClientCertificates(app, verifier)

# A real site has a database.
passwords = {name: generate_password_hash(f"{name}'s password") for name in ("alice", "bob")}


def user():
    """Whose account it is: a certificate says so, or the session that a password began."""
    return client.user or session.get("user")


def password_is(name, password):
    """Whether that is the password of a user; it takes as long for who is none."""
    same = check_password_hash(passwords.get(name, passwords["alice"]), password)
    return same and name in passwords


def form_token():
    """What shows that a form was sent by a page of this site."""
    return session.setdefault("form_token", secrets.token_urlsafe())


app.context_processor(lambda: {"client": client, "user": user(), "form_token": form_token})


@app.before_request
def forms_are_our_own():
    if request.method == "POST" and not secrets.compare_digest(
        request.form.get("form_token", "").encode(), form_token().encode()
    ):
        abort(400, "This form was not sent by a page of this site, or the page was too old.")


@app.after_request
def nobody_keeps_pages(response):
    response.headers["Cache-Control"] = "no-store"
    return response


def logged_in(view):
    """Who is nobody yet goes to the log-in."""

    @wraps(view)
    def guarded():
        return view() if user() else redirect(url_for("log_in"), 303)

    return guarded


@app.get("/")
def home():
    return render_template("home.html")


@app.get("/log-in")
def log_in():
    return redirect(url_for("account"), 303) if user() else render_template("log_in.html")


@app.post("/log-in")
def log_in_by_form():
    if request.form.get("how") == "certificate":
        client.insist(require("none", logs_in=True))
        if client.user is None:
            flash("Your certificate is not registered here.")
        return redirect(url_for("account" if client.user else "log_in"), 303)
    name = request.form.get("name", "")
    if not password_is(name, request.form.get("password", "")):
        flash("No such user, or another password.")
        return render_template("log_in.html"), 401
    session.clear()
    session["user"] = name
    return redirect(url_for("account"), 303)


@app.get("/account")
@logged_in
def account():
    return render_template("account.html", keys=registry.of_user(user()))


@app.post("/account/keys")
@logged_in
def register():
    # The password again: whoever finds an unlocked computer must not leave a key of his own behind.
    if not password_is(user(), request.form.get("password", "")):
        flash("That is not your password.")
    else:
        try:
            # The handshake of this very connection proved that the client holds the key.
            registry.enrol(client.verdict, user(), request.form.get("label", ""))
            verifier.reload()  # other processes see it within a second
            flash("Your certificate is registered.")
        except Error as error:
            flash(f"It was not registered: {error.message}")
    return redirect(url_for("account"), 303)


@app.get("/vault")
@require_certificate("user")
def vault():
    return render_template("vault.html")


@app.post("/log-out")
def log_out():
    session.clear()
    # Answered by clientcert, with a cookie that says so: no server can make a browser forget its certificate.
    client.insist(require("none", logs_out=True, login_url=url_for("log_in")))
