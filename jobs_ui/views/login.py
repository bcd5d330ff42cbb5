"""The login. It says why somebody sees it, and leads on to where they wanted to go."""

from __future__ import annotations

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from jobs_ui.saved_views import default_query
from jobs_ui.views.job_watch import ask_for_ends, watched
from jobs_ui.views.rendering import person, utc_now


class LoginForm(AuthenticationForm):
    """Django's own form. Its sentence is named here so that our translation is taken: Django's German asks for a name
    and a password, and does not say that those given are wrong.
    """

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _(
            "Please enter a correct %(username)s and password. Note that both fields may be case-sensitive."
        ),
    }


class ConsoleLoginView(LoginView):
    """Django's own login view: it checks that `next` leads into this console."""

    authentication_form = LoginForm
    template_name = "registration/login.html"
    redirect_authenticated_user = False

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Logs in. Who watches jobs is told of their ends in this browser, too."""
        response = super().form_valid(form)
        if watched(person(self.request), utc_now()).exists():
            ask_for_ends(self.request)
        return response

    def get_default_redirect_url(self) -> str:
        """The list under the person's default view, for whoever was going nowhere else."""
        return reverse("job_list") + default_query(self.request.user)
