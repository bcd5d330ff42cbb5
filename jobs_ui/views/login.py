"""The login. It says why somebody sees it, and leads on to where they wanted to go."""

from __future__ import annotations

from django.contrib.auth.views import LoginView


class ConsoleLoginView(LoginView):
    """Django's own login view: it checks that `next` leads into this console."""

    template_name = "registration/login.html"
    redirect_authenticated_user = False
