from types import SimpleNamespace

import numpy as np

from saddle.picture.comparison import curves_figure, scatter_figure, seeds_figure


def curve(*values: float) -> SimpleNamespace:
    mean = np.array(values)
    return SimpleNamespace(x=np.arange(1.0, len(values) + 1), mean=mean, low=mean * 0.9, high=mean * 1.1)


def test_figures_name_every_method_and_come_out_the_same_each_time():
    curves = {"hinge": curve(4, 2, 1), "gone": None, "minimax": curve(5, 4, 3)}
    figure = curves_figure(curves, "images", "metric/frechet")
    assert figure == curves_figure(curves, "images", "metric/frechet")
    assert figure.png.startswith(b"\x89PNG")
    for text in ("hinge", "minimax", "images", "metric/frechet"):
        assert f">{text}<" in figure.svg
    assert ">gone<" not in figure.svg


def test_seeds_are_dots_with_a_bar_for_an_interval():
    values = {"hinge": (4.0, 6.0), "gone": (), "minimax": (5.0,)}
    intervals = {"hinge": (4.0, 6.0), "gone": None, "minimax": None}
    svg = seeds_figure(values, intervals, "metric/frechet").svg
    for text in (*values, "metric/frechet"):
        assert f">{text}<" in svg
    assert svg.count("stroke-width: 10") == 1  # the bar of an interval


def test_a_method_has_its_color_whatever_else_is_drawn():
    both = {"hinge": curve(1, 2), "minimax": curve(2, 3)}
    second = "#d55e00"
    assert second in curves_figure({**both, "hinge": None}, "x", "y").svg
    assert second in scatter_figure({"hinge": [(0, 1)], "minimax": [(1, 2), (2, 2)]}, "x", "y").svg


def test_only_wide_ranges_are_drawn_on_a_logarithmic_axis():
    def numbers(*values: float) -> str:
        return curves_figure({"hinge": curve(*values)}, "x", "y").svg

    assert "10^" in numbers(1000, 100, 1) or "mathdefault" in numbers(1000, 100, 1)
    assert "mathdefault" not in numbers(3, 2, 1)
    assert "mathdefault" not in numbers(100, 1, 0)
