"""Colours for groups."""

#: Twenty colours for groups. For people who see no red, no green or no blue (simulated after Machado et al. 2009,
#: doi:10.1109/TVCG.2009.113), the first ten stay at least 0.08 apart in OKLab from each other and from the gray of
#: noise, and all twenty at least 0.05 from each other.
PALETTE = (
    "#3c69a5",
    "#d2782d",
    "#696900",
    "#a52d69",
    "#4fd3ee",
    "#c3d24b",
    "#3c1e96",
    "#b487c3",
    "#2da578",
    "#692d0f",
    "#f0b4a5",
    "#00a5ff",
    "#8769e1",
    "#96695a",
    "#96b469",
    "#1e5a3c",
    "#5a2d69",
    "#5a3cb4",
    "#f09600",
    "#4b8796",
)

#: The colour of what belongs to no cluster.
NOISE_GRAY = "#abafb4"


def color(number: int) -> str:
    """Return the colour of group `number`, counted from 0: the twenty return in turns; -1 is gray."""
    return PALETTE[number % len(PALETTE)] if number >= 0 else NOISE_GRAY
