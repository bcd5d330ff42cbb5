"""Requests to places that are no store's API: file hosts, and whoever is told of jobs.

Where they go is somebody else's word or an administrator's, so they carry nothing of ours that was not asked for, reach
no private address that is not trusted by name, and end in time.
"""
