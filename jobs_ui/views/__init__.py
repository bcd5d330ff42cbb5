"""A module a page. A view reads the query, asks one source, and renders one template."""
