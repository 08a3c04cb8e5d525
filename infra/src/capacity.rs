//! Capacity planning from the command line: how many mentors a forecast asks for, as a table, JSON or a plot.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use domain::capacity::{CapacityPlan, Forecast, InvalidForecast, Students};
use functions::capacity::plot::{self, NotDrawn};
use functions::capacity::view::CapacityPlanView;
use jiff::civil::Date;
use thiserror::Error;

use crate::yaml::{self, FILE_BYTES_MAX, Fault, File, Unreadable};

mod count; // numbers as people type them
mod table; // a plan for people

/// What is planned from where no file is given.
const BILLION: &str = include_str!("../plan/billion.yaml");

/// What is planned, and how it is shown.
#[derive(Debug, Clone, Args)]
pub struct Asked {
    /// Plan for so many students in every week, such as 1e9, 250k or 1_000_000, instead of the forecast's
    #[arg(long, value_parser = count::count)]
    students: Option<u64>,
    /// Minutes that a session takes
    #[arg(long)]
    minutes: Option<u16>,
    /// Hours that a mentor gives in a week
    #[arg(long)]
    hours: Option<u16>,
    /// How many weeks are planned
    #[arg(long)]
    weeks: Option<u16>,
    /// A forecast in YAML, laid out as infra/plan/billion.yaml, which is taken without it
    #[arg(long)]
    forecast: Option<PathBuf>,
    /// How the plan is shown
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Write it to this file
    #[arg(long)]
    out: Option<PathBuf>,
}

/// How a plan is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// As the API answers it
    Json,
    /// A plot
    Svg,
}

/// Why nothing is planned.
#[derive(Debug, Error)]
pub enum PlanError {
    /// The file is not there, or not to be read.
    #[error("{file}: {error}")]
    File {
        /// Its name.
        file: String,
        /// The system's words.
        error: io::Error,
    },
    /// The file is not a forecast.
    #[error(transparent)]
    Forecast(#[from] Fault<Cause>),
    /// What was asked for on top of it cannot be planned.
    #[error("{asked}: {refused}")]
    Asked {
        /// The flag.
        asked: String,
        /// What is wrong.
        refused: InvalidForecast,
    },
    /// It cannot be drawn.
    #[error(transparent)]
    NotDrawn(#[from] NotDrawn),
    /// It cannot be written as JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Cause {
    /// It is not the YAML that is expected.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// Nothing can be planned from it.
    #[error(transparent)]
    Invalid(#[from] InvalidForecast),
}

/// Plans, and writes the plan to where it was asked for.
pub fn run(asked: &Asked, today: Date) -> Result<(), PlanError> {
    let shown = asked.shown(today)?;
    match &asked.out {
        Some(path) => fs::write(path, shown).map_err(|error| unreadable(path, error)),
        None => match io::stdout().write_all(shown.as_bytes()) {
            // Whoever reads it has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(|error| unreadable(Path::new("standard output"), error)),
        },
    }
}

impl Asked {
    fn shown(&self, today: Date) -> Result<String, PlanError> {
        let plan = self.plan(today)?;
        Ok(match self.format {
            Format::Table => table::table(&plan),
            Format::Json => format!("{}\n", serde_json::to_string_pretty(&CapacityPlanView::of(&plan))?),
            Format::Svg => plot::draw(&plan)?,
        })
    }

    fn plan(&self, today: Date) -> Result<CapacityPlan, PlanError> {
        let mut forecast = forecast(&self.file()?)?;
        if let Some(active) = self.students {
            forecast.students = Students { active, intake: Vec::new(), source: None };
        }
        forecast.sessions.minutes = self.minutes.unwrap_or(forecast.sessions.minutes);
        forecast.mentors.hours_per_week = self.hours.unwrap_or(forecast.mentors.hours_per_week);
        forecast.weeks = self.weeks.unwrap_or(forecast.weeks);
        forecast.plan(today).map_err(|refused| {
            let asked = match refused.pointer.as_str() {
                "/students" | "/students/active" => "--students",
                "/sessions/minutes" => "--minutes",
                "/mentors/hours_per_week" => "--hours",
                // More weeks leave room for fewer cells.
                "/weeks" | "/mix" => "--weeks",
                other => other,
            };
            PlanError::Asked { asked: asked.to_owned(), refused }
        })
    }

    /// The forecast's file, of which no more is read than a forecast may have.
    fn file(&self) -> Result<File, PlanError> {
        let Some(path) = &self.forecast else {
            return Ok(File { name: "plan/billion.yaml".into(), text: BILLION.into() });
        };
        let mut text = String::new();
        let file = fs::File::open(path).map_err(|error| unreadable(path, error))?;
        let read = file.take(FILE_BYTES_MAX as u64 + 1).read_to_string(&mut text);
        read.map_err(|error| unreadable(path, error))?;
        Ok(File { name: path.display().to_string(), text })
    }
}

fn unreadable(path: &Path, error: io::Error) -> PlanError {
    PlanError::File { file: path.display().to_string(), error }
}

/// A forecast that something can be planned from.
fn forecast(file: &File) -> Result<Forecast, Fault<Cause>> {
    let (forecast, places) = yaml::read::<Forecast>(file).map_err(Fault::among)?;
    match forecast.check() {
        Ok(()) => Ok(forecast),
        Err(refused) => Err(places.fault(&file.name, &refused.pointer.clone(), refused.into())),
    }
}

#[cfg(test)]
mod tests;
