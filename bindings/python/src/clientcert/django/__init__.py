"""Client certificates for Django, under WSGI and ASGI.

In the settings:

    CLIENTCERT = {"config": "/etc/clientcert.toml"}
    MIDDLEWARE = [..., "django.contrib.auth.middleware.AuthenticationMiddleware",
                  "clientcert.django.middleware.ClientCertificateMiddleware", ...]
    AUTHENTICATION_BACKENDS = ["clientcert.django.backend.ClientCertificateBackend", ...]

`request.client_certificate` is then a `clientcert.web.Client`, and `request.user` the user whom the certificate
stands for. Views require a certificate with `clientcert.django.require_certificate`.

Keys of `CLIENTCERT`:

- `config`: the path of a file of options, or a dictionary of them; or `verifier`: a `Verifier`.
- `places`: what is required where, by `path_info` (`clientcert.web.require`). Default: nothing. A preflight passes
  everywhere where the policy has `preflight = pass`.
- `forwarded`: the dialect of the proxy in front. Default: clients connect to this server.
- `names`, `virtual_host`, `trust_remote_address`, `refresh`: see `clientcert.web.Gate`.
- `login`: whether `request.user` is the user of a verified client, where no session has another one. Default: True.
- `create_users`: whether a user who is not in the database is created. Default: False.
"""

from .decorators import require_certificate

__all__ = ["require_certificate"]
