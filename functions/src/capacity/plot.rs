//! A plan as a picture (SVG): what is asked for and what is there week by week, and where it is missing.
//!
//! Counts become floating-point only here, where they are drawn.

use domain::capacity::CapacityPlan;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use thiserror::Error;

use super::words::{headline, juries};

mod tiles; // where mentors are missing
mod weeks; // what is asked for and what is there

use tiles::Tiles;

/// A plan that cannot be drawn.
#[derive(Debug, Error)]
#[error("the plot could not be drawn: {0}")]
pub struct NotDrawn(String);

type Drawn<T = ()> = Result<T, NotDrawn>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn not_drawn(error: impl std::fmt::Display) -> NotDrawn {
    NotDrawn(error.to_string())
}

const WIDTH: u32 = 1_280;
const MARGIN: i32 = 40;
const HEAD: u32 = 84;
const CHART: u32 = 470;

const PAPER: RGBColor = RGBColor(255, 255, 255);
const INK: RGBColor = RGBColor(35, 33, 29);
const SOFT: RGBColor = RGBColor(101, 95, 86);
const LINE: RGBColor = RGBColor(222, 216, 204);
const SERVED: RGBColor = RGBColor(122, 178, 155);
const THERE: RGBColor = RGBColor(29, 95, 73);
const SHORT: RGBColor = RGBColor(192, 74, 44);
const GRADUATES: RGBColor = RGBColor(66, 95, 160);

/// Draws a plan.
pub fn draw(plan: &CapacityPlan) -> Drawn<String> {
    let tiles = Tiles::of(plan);
    let mut svg = String::new();
    {
        let size = (WIDTH, HEAD + CHART + tiles.height()?);
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        root.fill(&PAPER).map_err(not_drawn)?;
        let (head, rest) = root.split_vertically(HEAD);
        let (chart, below) = rest.split_vertically(CHART);
        let headline = headline(plan);
        // A line of a hundred characters is as wide as the plot.
        let size = 26.min(2_600 / i32::try_from(headline.len().max(1)).map_err(not_drawn)?);
        text(&head, &headline, (MARGIN, 24), size, INK, HPos::Left)?;
        let juries = juries(plan).unwrap_or_else(|| "Juries take no time of mentors here.".into());
        text(&head, &juries, (MARGIN, 56), 19, SOFT, HPos::Left)?;
        weeks::draw(&chart, plan)?;
        tiles.draw(&below)?;
        root.present().map_err(not_drawn)?;
    }
    Ok(svg)
}

/// Writes one line of text from, around or up to a point. What XML cannot hold is left out.
fn text(area: &Area<'_>, line: &str, at: (i32, i32), size: i32, color: RGBColor, side: HPos) -> Drawn {
    let holds = |it: &char| !it.is_control() && !matches!(it, '\u{fffe}' | '\u{ffff}');
    let line: String = line.chars().filter(holds).collect();
    let style = ("sans-serif", size).into_text_style(area).color(&color).pos(Pos::new(side, VPos::Top));
    area.draw_text(&line, &style, at).map_err(not_drawn)
}

/// A word cut to so many characters.
fn cut(word: &str, chars_max: usize) -> String {
    if word.chars().count() <= chars_max {
        return word.to_owned();
    }
    let kept: String = word.chars().take(chars_max.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// A rectangle from a corner, so wide and so high.
fn rectangle(area: &Area<'_>, (x, y): (i32, i32), (width, height): (i32, i32), color: RGBAColor) -> Drawn {
    let rectangle = Rectangle::new([(x, y), (x + width, y + height)], color.filled());
    area.draw(&rectangle).map_err(not_drawn)
}

#[cfg(test)]
mod tests;
