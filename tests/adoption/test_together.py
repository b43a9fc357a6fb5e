import numpy as np

from perennial.adoption.together import find_difference, suspect_together

DRAW = np.random.default_rng(0)


def test_parts_of_a_sum_are_suspected_and_what_is_beside_it_is_not() -> None:
    total, tip, distance = (DRAW.gamma(2.0, 5.0, 400) for _ in range(3))
    found = suspect_together({"total": total, "tip": tip, "distance": distance}, total - tip)
    assert set(found) == {"total", "tip"}
    assert suspect_together({"tip": tip, "distance": distance}, total) == {}


def test_numbers_whose_squares_no_double_holds_are_weighed_too() -> None:
    base, noise = DRAW.normal(size=(2, 400))
    assert suspect_together({"noise": noise}, base * 1e300) == {}
    assert set(suspect_together({"copy": base, "noise": noise}, base * 1e300)) == {"copy"}


def test_factors_of_a_product_are_suspected_and_what_is_beside_them_is_not() -> None:
    price, pieces, age = (DRAW.gamma(2.0, 5.0, 400) for _ in range(3))
    columns = {"price": price, "pieces": np.ceil(pieces), "age": age}
    found = suspect_together(columns, price * columns["pieces"] * 1.19)
    assert set(found) == {"price", "pieces"}
    assert "a product of powers of" in found["price"]
    assert suspect_together(columns, price * DRAW.gamma(2.0, 5.0, 400)) == {}


def test_a_total_less_its_parts_is_suspected_although_fees_are_missing() -> None:
    fare, tip, distance = (np.round(DRAW.gamma(2.0, scale, 900), 2) for scale in (1, 5, 2))
    total = fare + tip + DRAW.choice([3.3, 3.8, 12.5, 40.0], 900)
    found = suspect_together({"fare": fare, "distance": distance, "total": total}, tip)
    assert set(found) == {"total", "fare"}
    assert found["fare"] == "the target differs from total - fare by few amounts"
    assert suspect_together({"fare": fare, "distance": distance}, tip) == {}


def test_a_target_of_few_values_differs_by_few_amounts_from_anything_of_few() -> None:
    flags = {f"flag {number}": DRAW.integers(0, 2, 300).astype(float) for number in range(3)}
    assert suspect_together(flags, DRAW.integers(0, 8, 300).astype(float)) == {}


def test_sizes_of_one_thing_are_no_factors_of_its_weight() -> None:
    length = DRAW.lognormal(3.0, 0.3, 500)
    weight = length**3 * DRAW.lognormal(0.0, 0.11, 500)
    assert np.corrcoef(np.log(length), np.log(weight))[0, 1] ** 2 > 0.98
    assert suspect_together({"length": length}, weight) == {}


def test_a_promise_with_a_small_error_is_honest() -> None:
    promised, weekend = DRAW.integers(1, 60, 900).astype(float), DRAW.integers(0, 2, 900).astype(float)
    late = promised + DRAW.integers(-4, 5, 900)
    assert find_difference({"promised": promised, "weekend": weekend}, late) == {}
