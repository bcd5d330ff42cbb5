"""The app's URLs. An id is documented as a string only, so it may hold a slash: the longer patterns come first.

`views` in the place of an id belongs to the list; the API's ids are longer than that.
"""

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.urls import path

from jobs_ui.views import (
    audit_log,
    health,
    insights,
    insights_errors,
    job_cancel,
    job_detail,
    job_errors,
    job_errors_csv,
    job_files,
    job_list,
    job_preview,
    job_refresh,
    job_watch,
    jobs_csv,
    login,
    notifications,
    preferences,
    queue,
    saved_views,
    styleguide,
)

urlpatterns = [
    path("", saved_views.home, name="home"),
    path("jobs/", job_list.job_list, name="job_list"),
    path("jobs/views/", saved_views.saved_views, name="saved_views"),
    path("jobs/views/<int:number>/rename/", saved_views.view_rename, name="view_rename"),
    path("jobs/views/<int:number>/default/", saved_views.view_default, name="view_default"),
    path("jobs/views/<int:number>/remove/", saved_views.view_remove, name="view_remove"),
    path("jobs.csv", jobs_csv.jobs_csv, name="jobs_csv"),
    path("jobs/<path:job_id>/errors/", job_errors.job_errors, name="job_errors"),
    path("jobs/<path:job_id>/errors.csv", job_errors_csv.job_errors_csv, name="job_errors_csv"),
    path("jobs/<path:job_id>/errors/values.txt", job_errors_csv.job_error_values, name="job_error_values"),
    path("jobs/<path:job_id>/files/<int:number>/preview/", job_preview.job_preview, name="job_preview"),
    path("jobs/<path:job_id>/files.zip", job_files.job_files_zip, name="job_files_zip"),
    path("jobs/<path:job_id>/files.csv", job_files.job_files_csv, name="job_files_csv"),
    path("jobs/<path:job_id>/files/<int:number>/", job_files.job_file, name="job_file"),
    path("jobs/<path:job_id>/cancel/", job_cancel.job_cancel, name="job_cancel"),
    path("jobs/<path:job_id>/refresh/", job_refresh.job_refresh, name="job_refresh"),
    path("jobs/<path:job_id>/watch/", job_watch.job_watch, name="job_watch"),
    path("jobs/<path:job_id>/", job_detail.job_detail, name="job_detail"),
    path("queue/", queue.queue, name="queue"),
    path("queue/cancel/", job_cancel.queue_cancel, name="queue_cancel"),
    path("audit/", audit_log.audit_log, name="audit_log"),
    path("audit.csv", audit_log.audit_csv, name="audit_csv"),
    path("insights/", insights.insights, name="insights"),
    path("insights/errors/", insights_errors.insights_errors, name="insights_errors"),
    path("insights/errors/<slug:digest>/", insights_errors.insights_error_jobs, name="insights_error_jobs"),
    path("notifications/", notifications.notifications, name="notifications"),
    path("notifications/ended/", job_watch.watches_ended, name="watches_ended"),
    path("notifications/rules/<int:number>/test/", notifications.rule_test, name="rule_test"),
    path("notifications/rules/<int:number>/pause/", notifications.rule_pause, name="rule_pause"),
    path("notifications/rules/<int:number>/resume/", notifications.rule_resume, name="rule_resume"),
    path("notifications/rules/<int:number>/remove/", notifications.rule_remove, name="rule_remove"),
    path("preferences/", preferences.preferences, name="preferences"),
    path("styleguide/", styleguide.styleguide, name="styleguide"),
    path("login/", login.ConsoleLoginView.as_view(), name="login"),
    # Whoever is logged in may log out, staff or not.
    path("logout/", login_not_required(LogoutView.as_view()), name="logout"),
    path("healthz", health.healthz, name="healthz"),
]
