"""From records to what templates print. Rows are formatted here, in Python: a template include per row costs more."""
