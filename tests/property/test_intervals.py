"""What stands of a file at each ordinal is what was put there, whatever stood before."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from ingitdb.snapshots.intervals import StateRows

STATES = st.tuples(st.sampled_from([None, "", "a", "b"]), st.integers(0, 9))
VERSIONS = st.lists(st.none() | st.lists(STATES, max_size=9), min_size=1, max_size=8)


def put(rows, ordinal, states):
    """Makes a file hold states; None removes it."""
    if states is None:
        rows.remove(ordinal, "t")
    else:
        rows.put(ordinal, "t", [key for key, _ in states], [value for _, value in states])


def standing(rows, ordinal):
    """Gives what stands at an ordinal, in file order."""
    found = [at for at in range(len(rows.start)) if rows.start[at] <= ordinal < rows.end[at]]
    found.sort(key=lambda at: rows.order[at])
    return [(rows.key[at], rows.value[at]) for at in found]


@given(VERSIONS)
def test_versions_of_a_file(versions):
    rows = StateRows()
    for ordinal, states in enumerate(versions):
        put(rows, ordinal, states)
    for ordinal, states in enumerate(versions):
        assert standing(rows, ordinal) == (states or [])


@given(st.lists(STATES, unique=True), st.data())
def test_only_what_changes_begins_and_ends(states, data):
    kept = [state for state in states if data.draw(st.booleans())]
    places = data.draw(st.lists(st.integers(0, len(kept)), max_size=3))
    new = list(kept)
    for number, place in enumerate(places):
        new.insert(place, ("new", number))
    rows = StateRows()
    put(rows, 0, states)
    put(rows, 1, new)
    ended = [
        (key, value)
        for key, value, end in zip(rows.key, rows.value, rows.end, strict=True)
        if end == 1
    ]
    assert Counter(ended) == Counter(states) - Counter(kept)
    assert rows.start.count(1) == len(places)


@given(st.permutations(range(7)))
def test_one_that_moves_is_all_that_begins_and_ends(order):
    rows = StateRows()
    put(rows, 0, [(None, value) for value in order])
    put(rows, 1, [(None, value) for value in (*order[1:6], order[0], order[6])])
    assert [rows.value[at] for at, end in enumerate(rows.end) if end == 1] == [order[0]]
    assert rows.start.count(1) == 1


def test_a_place_between_neighbours_that_were_split_again_and_again():
    rows = StateRows()
    versions = [[(None, 0), *[(None, n) for n in range(at, 0, -1)], (None, -1)] for at in range(40)]
    for ordinal, states in enumerate(versions):
        put(rows, ordinal, states)
    assert [standing(rows, ordinal) for ordinal in range(40)] == versions
