from helpers import command
from saddle.config.direction import direction_of
from saddle.config.options import options, target_of
from saddle.metric.base import AnyMetric


def test_every_metric_of_the_group_and_every_measure_of_a_game_has_its_own_direction():
    declared: dict[str, set[str]] = {}
    for option in options("metric"):
        target = target_of("metric", option)
        if target is not None:
            assert issubclass(target, AnyMetric)
            assert target.directions
            for name, direction in target.directions.items():
                declared.setdefault(name, set()).add(direction)
    for option in options("game"):
        for name, direction in target_of("game", option).measures.items():
            declared.setdefault(name, set()).add(direction)
    assert {"frechet", "modes", "elbo", "as_asked"} <= declared.keys()
    for name, directions in declared.items():
        assert directions == {direction_of(f"metric/{name}")}, name  # one name, one direction, whoever gives it


def test_larger_is_better_of_shares_and_bounds_and_smaller_of_distances_and_errors():
    for name in ("modes", "high_quality", "coverage", "score", "elbo", "information", "class_accuracy", "as_asked"):
        assert direction_of(f"metric/{name}") == "larger"
    for name in ("frechet", "kernel", "histogram", "modes_kl", "curve_distance", "reconstruction_error", "kl"):
        assert direction_of(f"metric/{name}") == "smaller"


def test_smaller_is_better_of_what_is_no_metric():
    for objective in (None, "loss/generator", "gradient_norm/generator", "metric/of_nobody", "modes"):
        assert direction_of(objective) == "smaller"


def test_tables_and_the_command_line_begin_without_torch():
    """It takes a second to import, and reads OMP_NUM_THREADS when it is."""
    code = "import sys, saddle.sweep.table, saddle.cli.launch; print('torch' in sys.modules)"
    assert command("-c", code).stdout == "False\n"
