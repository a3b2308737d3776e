"""The user of a verified certificate, out of Django's database."""

from __future__ import annotations

from typing import Any, Optional

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend

from ..web import Client


class ClientCertificateBackend(ModelBackend):
    """Authenticates whom a certificate stands for. Permissions are the database's."""

    def authenticate(
        self, request: Any, client_certificate: Optional[Client] = None, **others: Any
    ) -> Any:
        """The user named by the verdict, to the letter; None where there is none, or it may not log in."""
        if client_certificate is None or client_certificate.user is None:
            return None
        model = get_user_model()
        name = self.clean_username(client_certificate.user)
        if getattr(settings, "CLIENTCERT", {}).get("create_users", False):
            user, created = model._default_manager.get_or_create(**{model.USERNAME_FIELD: name})
            user = self.configure_user(request, user, client_certificate) if created else user
        else:
            user = model._default_manager.filter(**{model.USERNAME_FIELD: name}).first()
        # Many databases compare names without regard to case or accents, and would find somebody else.
        if user is None or user.get_username() != name:
            return None
        return user if self.user_can_authenticate(user) else None

    def clean_username(self, name: str) -> str:
        """What the database calls the user whom the certificate stands for. To be overridden."""
        return name

    def configure_user(self, request: Any, user: Any, client_certificate: Client) -> Any:
        """Sets up a user who was created just now, and has no password. To be overridden."""
        user.set_unusable_password()
        user.save()
        return user
