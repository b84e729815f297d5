"""Which licences the sounds of one clip may have: a clip is one work, so there must be one licence for all of it."""

from collections.abc import Iterable

SHARE_ALIKE, GPL_3, GPL_2, FREE_ART = "CC-BY-SA-3.0", "GPL-3", "GPL-2", "Free Art License"
ANY = {SHARE_ALIKE, GPL_3, GPL_2, FREE_ART}

ALLOWS = {
    "CC0-1.0": ANY,
    "public domain": ANY,
    "MIT": ANY,
    "BSD-2-Clause": ANY,
    "Apache-2.0": ANY - {GPL_2},
    "CC-BY-3.0": {SHARE_ALIKE},
    "CC-BY-SA-3.0": {SHARE_ALIKE},
    "GPL-3": {GPL_3},
    "GPL-3+": {GPL_3},
    "GPL-2+": {GPL_2, GPL_3},
    "GPL-2": {GPL_2},
    "Free Art License": {FREE_ART},
}
"""By a recording's licence, those under which a clip with it may be."""


def combine(licences: Iterable[str]) -> bool:
    """Whether recordings of these licences may be in one clip."""
    return bool(_common(set(licences)))


def of_clip(licences: Iterable[str]) -> str:
    """The licence of a clip.

    Raises ValueError where there is none.
    """
    given = set(licences)
    if len(given) == 1:
        return given.pop()
    common = _common(given)
    for licence in (SHARE_ALIKE, GPL_3, GPL_2, FREE_ART):
        if licence in common:
            return licence
    raise ValueError(f"no licence for a clip of {', '.join(sorted(given))}")


def _common(licences: set[str]) -> set[str]:
    return set.intersection(ANY, *(ALLOWS[licence] for licence in licences))
