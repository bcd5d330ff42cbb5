"""The console's URLs: the app's, at the root."""

from django.urls import include, path

urlpatterns = [path("", include("jobs_ui.urls"))]

handler400 = "jobs_ui.views.problems.bad_request"
handler403 = "jobs_ui.views.problems.forbidden"
handler404 = "jobs_ui.views.problems.not_found"
handler500 = "jobs_ui.views.problems.server_error"
