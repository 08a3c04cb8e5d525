//! Jurors in a funnel: the more defenses, the nearer to the school's rate chance keeps them.

use domain::fairness::{Alarm, AlarmKind, ControlLimits, Fairness, OTHERS_MIN, SAID_MIN, Standing, percent};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::super::words::short;
use super::{Area, BLUE, Drawn, INK, LINE, MARGIN, RED, SOFT, color, not_drawn, position, text};
use crate::drawing::{GREEN, PALE_GREEN, rectangle};

/// Where title and names end, and the chart begins.
const TOP: i32 = 70;
/// Steps in which the limits are drawn.
const STEPS: u64 = 240;
/// The most alarms that are named in the chart.
const NAMES_MAX: usize = 24;
/// About how wide and how high a name is.
const NAME: (i32, i32) = (70, 16);

/// The top of the chart, in thousandths: a little room above all.
const HIGHEST: f64 = 1_024.0;

type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// A juror in the chart.
struct Point<'a> {
    standing: &'a Standing,
    /// Defenses, and the pass rate of a thousand that they would come to on the school's mix of work.
    at: (f64, f64),
    /// What is off, over all or else lately.
    alarm: Option<&'a Alarm>,
}

impl<'a> Point<'a> {
    /// Nothing where there are too few to say; `school` is the school's rate of a thousand.
    fn of(standing: &'a Standing, fairness: &'a Fairness, school: i64) -> Option<Self> {
        let compared = standing.level?.compared;
        let rate = (school + compared.difference_per_mille()).clamp(0, 1_000).unsigned_abs();
        let mut alarms = fairness.alarms.iter().filter(|it| it.group == standing.group);
        // Over all comes before lately.
        let alarm = alarms.clone().find(|it| it.kind != AlarmKind::Drift).or_else(|| alarms.next());
        Some(Self { standing, at: (position(compared.defenses), position(rate)), alarm })
    }
}

/// Draws the chart, or why there is none.
pub fn draw(area: &Area<'_>, fairness: &Fairness) -> Drawn {
    let title = "Jurors: passed at once, adjusted for projects and editions";
    text(area, title, (MARGIN, 8), 21, INK, HPos::Left)?;
    let points = points(fairness);
    let Some(share) = fairness.school.pass_share().filter(|_| !points.is_empty()) else {
        return empty(area);
    };
    let most = points.iter().map(|it| it.at.0).fold(position(2 * SAID_MIN), f64::max) * 1.06;
    let limits = limits(fairness, most);
    let lowest = points.iter().map(|it| it.at.1).fold(position(share.per_mille), f64::min);
    let lowest = limits.iter().map(|(_, it)| position(it.inner_per_mille.0)).fold(lowest, f64::min);
    let lowest = ((lowest - 40.0) / 100.0).floor().max(0.0) * 100.0;
    let mut chart = ChartBuilder::on(area)
        .margin_left(MARGIN / 2)
        .margin_right(MARGIN)
        .margin_top(TOP)
        .margin_bottom(14)
        .x_label_area_size(52)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..most, lowest..HIGHEST)
        .map_err(not_drawn)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(LINE)
        .axis_style(LINE)
        .x_labels(8)
        .y_labels(8)
        .x_desc("defenses that others can be compared on")
        .x_label_formatter(&|defenses| format!("{defenses:.0}"))
        .y_label_formatter(&|rate| format!("{:.0} %", rate / 10.0))
        .label_style(("sans-serif", 17).into_font().color(&SOFT))
        .axis_desc_style(("sans-serif", 17).into_font().color(&SOFT))
        .draw()
        .map_err(not_drawn)?;
    let outer = band(&limits, lowest, |it| it.outer_per_mille);
    let inner = band(&limits, lowest, |it| it.inner_per_mille);
    let areas = [Polygon::new(outer, PALE_GREEN.mix(0.22)), Polygon::new(inner, PALE_GREEN.mix(0.38))];
    chart.draw_series(areas).map_err(not_drawn)?;
    let rate = [0.0, most].map(|x| (x, position(share.per_mille)));
    chart.draw_series(LineSeries::new(rate, GREEN.stroke_width(2))).map_err(not_drawn)?;
    dots(&mut chart, &points)?;
    names(&mut chart, &points)?;
    legend(area, &format!("school: {}", percent(share.per_mille)))
}

/// Why there is no chart.
fn empty(area: &Area<'_>) -> Drawn {
    let lines = [
        "Too few defenses to compare.".to_owned(),
        format!("A juror is shown from {SAID_MIN} defenses on, of work of which"),
        format!("others have judged at least {OTHERS_MIN}."),
    ];
    let (width, height) = (super::FUNNEL.cast_signed(), super::CHART.cast_signed());
    rectangle(area, (MARGIN, TOP), (width - 2 * MARGIN, height - TOP - MARGIN), LINE.mix(0.35))?;
    (0..).zip(&lines).try_for_each(|(row, line)| {
        text(area, line, (width / 2, height / 2 - 30 + 28 * row), 19, SOFT, HPos::Center)
    })
}

/// Those who can be compared, the alarmed last, so that they are drawn on top.
fn points(fairness: &Fairness) -> Vec<Point<'_>> {
    let school = fairness.school.pass_share().map_or(0, |share| share.per_mille).cast_signed();
    let mut points = Vec::from_iter(fairness.jurors.iter().filter_map(|it| Point::of(it, fairness, school)));
    points.sort_by_key(|it| it.alarm.is_some());
    points
}

/// The limits of chance from the fewest defenses of which anything is said to the most in the chart.
fn limits(fairness: &Fairness, most: f64) -> Vec<(f64, ControlLimits)> {
    let first = position(SAID_MIN);
    let at = |step: u64| {
        // Closer where the funnel bends.
        let part = position(step) / position(STEPS);
        whole(first + (most - first) * part * part)
    };
    let mut counts = Vec::from_iter((0..=STEPS).map(at));
    counts.push(whole(most) + 1);
    counts.dedup();
    let limit = |count: u64| Some((position(count).min(most), fairness.control_limits(count)?));
    counts.into_iter().filter_map(limit).collect()
}

/// What is between limits, as far as it is in the chart.
fn band(
    limits: &[(f64, ControlLimits)],
    lowest: f64,
    of: impl Fn(&ControlLimits) -> (u64, u64),
) -> Vec<(f64, f64)> {
    let below = limits.iter().map(|(x, it)| (*x, position(of(it).0).max(lowest)));
    let above = limits.iter().rev().map(|(x, it)| (*x, position(of(it).1)));
    below.chain(above).collect()
}

/// Each juror; filled where all defenses together are off, a ring where only the last ones are.
fn dots(chart: &mut Chart<'_, '_>, points: &[Point<'_>]) -> Drawn {
    let dot = |it: &Point<'_>| match it.alarm {
        None => Circle::new(it.at, 4, SOFT.mix(0.55).filled()),
        Some(alarm) if alarm.kind == AlarmKind::Drift => Circle::new(it.at, 6, color(alarm).stroke_width(3)),
        Some(alarm) => Circle::new(it.at, 7, color(alarm).filled()),
    };
    chart.draw_series(points.iter().map(dot)).map_err(not_drawn)?;
    Ok(())
}

/// The names of the alarmed beside their dots, where they cover no other name.
fn names(chart: &mut Chart<'_, '_>, points: &[Point<'_>]) -> Drawn {
    let mut taken: Vec<(i32, i32)> = Vec::new();
    let width = super::FUNNEL.cast_signed() - MARGIN / 2;
    for point in points.iter().filter(|it| it.alarm.is_some()).take(NAMES_MAX) {
        let (x, y) = chart.backend_coord(&point.at);
        let beside =
            [(11, -8), (-11 - NAME.0, -8), (11, 8), (11, -24), (-11 - NAME.0, 8), (-11 - NAME.0, -24)];
        let free = |offset: &&(i32, i32)| {
            let at = (x + offset.0, y + offset.1);
            let apart = |it: &(i32, i32)| (it.0 - at.0).abs() >= NAME.0 || (it.1 - at.1).abs() >= NAME.1;
            at.0 + NAME.0 < width && taken.iter().all(apart)
        };
        let Some(offset) = beside.iter().find(free) else { continue };
        taken.push((x + offset.0, y + offset.1));
        let style = ("sans-serif", 15).into_font().color(&INK).pos(Pos::new(HPos::Left, VPos::Top));
        let name = EmptyElement::at(point.at) + Text::new(short(&point.standing.group), *offset, style);
        chart.draw_series([name]).map_err(not_drawn)?;
    }
    Ok(())
}

/// Names what is drawn, in one row.
fn legend(area: &Area<'_>, school: &str) -> Drawn {
    let y = 50;
    let dot = |x, style: ShapeStyle| area.draw(&Circle::new((x, y), 6, style)).map_err(not_drawn);
    rectangle(area, (MARGIN, y - 1), (24, 3), GREEN.mix(1.0))?;
    rectangle(area, (MARGIN + 156, y - 7), (24, 14), PALE_GREEN.mix(0.6))?;
    rectangle(area, (MARGIN + 240, y - 7), (24, 14), PALE_GREEN.mix(0.22))?;
    dot(MARGIN + 356, RED.filled())?;
    dot(MARGIN + 476, BLUE.filled())?;
    dot(MARGIN + 598, INK.stroke_width(3))?;
    let named = [
        (school, 30),
        ("95 %", 186),
        ("99.8 %", 270),
        ("passes fewer", 368),
        ("passes more", 488),
        ("only lately", 610),
    ];
    named.into_iter().try_for_each(|(name, x)| text(area, name, (MARGIN + x, y - 9), 16, INK, HPos::Left))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "defenses in the chart are above zero"
)]
const fn whole(value: f64) -> u64 {
    value as u64
}
