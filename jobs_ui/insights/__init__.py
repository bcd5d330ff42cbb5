"""What can be read out of jobs and their messages: pure functions, without a database and without a clock."""
