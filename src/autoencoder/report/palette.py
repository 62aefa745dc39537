"""Colours for groups."""

#: Twenty colours, of which the first ten, and less widely all twenty, stay apart (in OKLab) for people who see no
#: red, no green or no blue (Machado et al. 2009, doi:10.1109/TVCG.2009.113), and from the gray of noise.
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
NOISE_GRAY = "#bcc3cb"


def color(number: int) -> str:
    """Return the colour of group `number`, counted from 0: the twenty return in turns; -1 is gray."""
    return PALETTE[number % len(PALETTE)] if number >= 0 else NOISE_GRAY
