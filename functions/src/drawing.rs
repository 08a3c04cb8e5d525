//! What all plots are drawn with: colors, lines of text, rectangles.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use thiserror::Error;

/// A plot that cannot be drawn.
#[derive(Debug, Error)]
#[error("the plot could not be drawn: {0}")]
pub struct NotDrawn(String);

pub(crate) type Drawn<T = ()> = Result<T, NotDrawn>;
pub(crate) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

pub(crate) fn not_drawn(error: impl std::fmt::Display) -> NotDrawn {
    NotDrawn(error.to_string())
}

/// How wide every plot is.
pub(crate) const WIDTH: u32 = 1_280;
pub(crate) const MARGIN: i32 = 40;

pub(crate) const PAPER: RGBColor = RGBColor(255, 255, 255);
pub(crate) const INK: RGBColor = RGBColor(35, 33, 29);
pub(crate) const SOFT: RGBColor = RGBColor(101, 95, 86);
pub(crate) const LINE: RGBColor = RGBColor(222, 216, 204);
pub(crate) const PALE_GREEN: RGBColor = RGBColor(122, 178, 155);
pub(crate) const GREEN: RGBColor = RGBColor(29, 95, 73);
pub(crate) const RED: RGBColor = RGBColor(192, 74, 44);
pub(crate) const BLUE: RGBColor = RGBColor(66, 95, 160);

/// Writes one line of text from, around or up to a point. What XML cannot hold is left out.
pub(crate) fn text(
    area: &Area<'_>,
    line: &str,
    at: (i32, i32),
    size: i32,
    color: RGBColor,
    side: HPos,
) -> Drawn {
    let holds = |it: &char| !it.is_control() && !matches!(it, '\u{fffe}' | '\u{ffff}');
    let line: String = line.chars().filter(holds).collect();
    let style = ("sans-serif", size).into_text_style(area).color(&color).pos(Pos::new(side, VPos::Top));
    area.draw_text(&line, &style, at).map_err(not_drawn)
}

/// Writes what the plot says in one line, as large as the width allows.
pub(crate) fn headline(area: &Area<'_>, line: &str) -> Drawn {
    // A line of a hundred characters is as wide as the plot.
    let size = 26.min(2_600 / i32::try_from(line.len().max(1)).map_err(not_drawn)?);
    text(area, line, (MARGIN, 24), size, INK, HPos::Left)
}

/// A word cut to so many characters.
pub(crate) fn cut(word: &str, chars_max: usize) -> String {
    if word.chars().count() <= chars_max {
        return word.to_owned();
    }
    let kept: String = word.chars().take(chars_max.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// A rectangle from a corner, so wide and so high.
pub(crate) fn rectangle(
    area: &Area<'_>,
    (x, y): (i32, i32),
    (width, height): (i32, i32),
    color: RGBAColor,
) -> Drawn {
    let rectangle = Rectangle::new([(x, y), (x + width, y + height)], color.filled());
    area.draw(&rectangle).map_err(not_drawn)
}
