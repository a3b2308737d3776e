"""Flask, with decorators."""

from flask import Flask, jsonify, request

from apps.shared import FORWARDED, describe, verifier
from clientcert.flask import ClientCertificates, client, require_certificate

app = Flask(__name__)
ClientCertificates(app, verifier(), forwarded=FORWARDED)


def page():
    return jsonify(describe(client, [name for name, _ in request.headers]))


app.add_url_rule("/", "home", page)
app.add_url_rule("/verified", "verified", require_certificate("verified")(page))
app.add_url_rule("/user", "user", require_certificate()(page))
app.add_url_rule("/alice", "alice", require_certificate(users=["alice"])(page))
app.add_url_rule("/nobody", "nobody", require_certificate(users=[])(page))
app.add_url_rule("/fresh", "fresh", require_certificate(maximum_age=3600)(page))
app.add_url_rule(
    "/elsewhere", "elsewhere", require_certificate("verified", login_url="/log-in")(page)
)
app.add_url_rule("/log-out", "log_out", require_certificate("none", logs_out=True)(page))


@app.route("/log-in", methods=["GET", "POST"])
@require_certificate("none", logs_in=True)
def log_in():
    return page()
