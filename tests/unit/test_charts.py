"""Charts: readable axes, bars as long as their numbers, lines with gaps."""

from xml.etree import ElementTree

import pytest

from app.services.charts import Chart, Series, down_the_page, over_time, shortened, shown_labels, ticks

SVG = "{http://www.w3.org/2000/svg}"


def elements(svg: str, tag: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(svg).iter(f"{SVG}{tag}"))


def bar_heights(svg: str) -> list[float]:
    """The bars of the first series: what is filled in its colour, the key above the chart aside."""
    first = "fill: rgb(11%"
    bars = [bar for bar in elements(svg, "rect") if first in bar.get("style", "")]
    return [float(bar.get("height", "")) for bar in bars[1:]]


def chart(values: list[float | None], **columns: object) -> Chart:
    labels = [f"2026-01-{number:02d}" for number in range(1, len(values) + 1)]
    return Chart(**{"title": "Orders", "labels": labels, "series": [Series("Placed", values)], **columns})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("highest", "expected"),
    [
        (0.4, [0, 0.1, 0.2, 0.3, 0.4]),
        (1, [0, 1]),
        (3, [0, 1, 2, 3]),
        (7, [0, 2, 4, 6, 8]),
        (100, [0, 20, 40, 60, 80, 100]),
        (1234.5, [0, 500, 1000, 1500]),
    ],
)
def test_the_axis_has_round_numbers_up_to_the_highest(highest: float, expected: list[float]) -> None:
    assert ticks(highest) == pytest.approx(expected)


def test_bars_are_as_high_as_their_numbers() -> None:
    one, four, two = bar_heights(over_time(chart([1, 4, 0, 2]), width=800))

    assert (four / one, two / one) == (pytest.approx(4), pytest.approx(2))


def test_many_values_become_a_line_that_breaks_where_nothing_is_known() -> None:
    svg = over_time(chart([5, 6, None, *[7] * 500]), width=400)

    assert len(elements(svg, "polyline")) == 2
    assert bar_heights(svg) == []


def test_labels_are_thinned_out_so_that_they_do_not_touch() -> None:
    labels = [f"2026-01-{number:02d}" for number in range(1, 31)]

    shown = list(shown_labels(labels, step=20))

    assert shown[0] == (0, "2026-01-01")
    assert [place for place, _ in shown] == list(range(0, 30, 4))
    assert len(list(shown_labels(labels, step=100))) == 30


def test_things_have_a_bar_each_and_at_most_25_are_drawn() -> None:
    names = [f"Product {number}" for number in range(30)]

    svg = down_the_page(chart([float(number) for number in range(30)], labels=names), width=600)

    assert [text.text for text in elements(svg, "text") if (text.text or "").startswith("Product")] == names[:25]
    assert "No data" not in svg


def test_long_names_are_cut_to_fit() -> None:
    cut = shortened("An extraordinarily long name of a product that never ends", 100)

    assert cut.startswith("An extraordinarily")
    assert cut.endswith("…")
    assert shortened("Milk", 100) == "Milk"


@pytest.mark.parametrize("draw", [over_time, down_the_page])
def test_texts_are_escaped_and_without_what_xml_cannot_hold(draw: object) -> None:
    svg = draw(chart([1], labels=["<b>&\x01\x0b\ufffe\u202eחלב"]), width=600)  # type: ignore[operator]

    assert "<b>&חלב" in [text.text for text in elements(svg, "text")]


@pytest.mark.parametrize("draw", [over_time, down_the_page])
@pytest.mark.parametrize("values", [[], [None, None]])
def test_without_numbers_the_chart_is_valid(draw: object, values: list[float | None]) -> None:
    svg = draw(chart(values), width=300)  # type: ignore[operator]

    assert "No data" in svg or values
    assert ElementTree.fromstring(svg).get("width") == "300"


def test_a_chart_stands_alone() -> None:
    svg = over_time(chart([1]), width=300)

    assert "DOCTYPE" not in svg
    assert [title.text for title in elements(svg, "title")] == ["Orders"]
