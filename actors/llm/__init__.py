"""Language models, where the user has one: optional, budgeted, behind a breaker."""
