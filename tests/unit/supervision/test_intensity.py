"""The restart budget. Source: OTP supervisor:add_restart/1."""

from __future__ import annotations

from mimo.supervision.intensity import RestartBudget


def test_the_budget_allows_exactly_its_intensity() -> None:
    """The restart after the last allowed one is refused."""
    budget = RestartBudget(3, 5.0)

    assert [budget.add(10.0 + step) for step in range(4)] == [True, True, True, False]


def test_a_restart_at_the_edge_of_the_period_still_counts() -> None:
    """OTP keeps entries with R >= Now - Period."""
    budget = RestartBudget(1, 5.0)
    budget.add(10.0)

    assert budget.add(15.0) is False


def test_a_restart_beyond_the_period_is_forgotten() -> None:
    """Just outside the window a new restart is allowed."""
    budget = RestartBudget(1, 5.0)
    budget.add(10.0)

    assert budget.add(15.001) is True
    assert budget.count(15.001) == 1


def test_no_restart_is_allowed_at_intensity_zero() -> None:
    """Intensity 0 means the first death is the last."""
    assert RestartBudget(0, 5.0).add(1.0) is False


def test_a_reset_budget_is_whole_again() -> None:
    """A group that was parked begins anew. Source: ours."""
    budget = RestartBudget(1, 5.0)
    budget.add(1.0)
    budget.reset()

    assert budget.add(1.0) is True


def test_an_hour_of_restarts_just_outside_the_period_never_escalates() -> None:
    """The window slides; it doesn't add up. Source: reliability.md D7."""
    budget = RestartBudget(3, 5.0)

    assert all(budget.add(1_000.0 + number * 5.01 / 3) for number in range(2_156))
