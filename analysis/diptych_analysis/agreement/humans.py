"""alpha fitted to people's answers on some of a network's units."""

from __future__ import annotations

from pathlib import Path

from diptych_analysis.mis.score import Scale
from diptych_analysis.networks.faults import MachineFault
from diptych_analysis.networks.store import read_items


def fitted_scale(humans: Path, results: Path, model: str, similarity: str, seed: int = 0) -> Scale:
    """Fit the scale that brings the MIS nearest to the HIS of 5 % of the units (section 3).

    Parameters
    ----------
    humans : Path
        Folder of tidy tables, whose units are named `layer:unit`.
    results : Path
        Folder of results with the model's items.
    model : str
        Whose units.
    similarity : str
        That of the items' margins.
    seed : int, optional
        Chooses the units.

    Raises
    ------
    MachineFault
        No unit that both people and the machine have answered.
    """
    from diptych_analysis.agreement.calibration import calibrated_scores
    from diptych_analysis.agreement.faults import AgreementFault
    from diptych_analysis.agreement.his import answers_of, units_of
    from diptych_analysis.tables import read_tables

    items = read_items(results, model)
    items = items[items["similarity"] == similarity]
    items = items.assign(unit=items["layer"] + ":" + items["unit"].astype(str))
    items = items.drop_duplicates(["unit", "task"])
    try:
        units = units_of(answers_of(read_tables(humans)))
        shared = units[units["unit"].isin(items["unit"])].reset_index(drop=True)
        found = calibrated_scores(shared, items[["unit", "task", "margin"]], seed=seed)
    except AgreementFault as fault:
        raise MachineFault(f"alpha can't be fitted to {str(humans)!r}: {fault}") from fault
    return Scale(found.value, "temperature", calibrated=True)
