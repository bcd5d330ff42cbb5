"""The login. It says why somebody sees it, and leads on to where they wanted to go."""

from __future__ import annotations

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpResponse

from jobs_ui.views.job_watch import ask_for_ends, watched
from jobs_ui.views.rendering import person, utc_now


class ConsoleLoginView(LoginView):
    """Django's own login view: it checks that `next` leads into this console."""

    template_name = "registration/login.html"
    redirect_authenticated_user = False

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Logs in. Who watches jobs is told of their ends in this browser, too."""
        response = super().form_valid(form)
        if watched(person(self.request), utc_now()).exists():
            ask_for_ends(self.request)
        return response
