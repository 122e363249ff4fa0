"""What is counted of the real files: figures that were checked by hand."""

import pytest

from collex_graph.settings import Settings
from collex_graph.store.quality import QualityHistory

BULAC = f"{Settings().base_iri}id/library/751132108"


@pytest.mark.real_data
def test_the_notices_of_one_library_are_judged_and_their_access_points_counted(on_real_files):
    snapshot = on_real_files.snapshot
    history = QualityHistory(snapshot.directory, snapshot.created)
    # one fonds with eight sub-fonds, and the library itself
    assert history.judged("institution")[BULAC] == 10
    own = [one for one in history.alignments() if one.institution == BULAC]
    assert sum(one.points for one in own) == 136
    assert {one.type: one.points for one in own} == {
        "person": 27, "body": 8, "place": 41, "subject": 60,
    }  # fmt: skip
    assert history.tallies("institution")[BULAC][""].results > 0
