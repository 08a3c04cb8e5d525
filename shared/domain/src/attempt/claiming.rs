//! Whether earlier learning can stand for a project's skills.

use super::{Attempt, AttemptError, AttemptState};
use crate::submission::Stage;

impl Attempt {
    /// Whether its skills may be claimed: as long as nothing was handed in. From then on the work shows
    /// them.
    pub fn check_claimable(&self) -> Result<(), AttemptError> {
        self.check_undone("a claim")?;
        let handed_in = self.submissions.iter().rfind(|known| known.state != Stage::Draft);
        handed_in.map_or(Ok(()), |known| Err(AttemptError::HandedIn { version: known.version }))
    }

    /// Whether skills of it that were claimed in time may be recognized: as long as no defense was asked
    /// for, or it was called off. A jury judges what it was told to, and its word stands.
    pub fn check_recognizable(&self) -> Result<(), AttemptError> {
        self.check_undone("a recognition")?;
        if let Some(defense) = self.open_defense() {
            return Err(AttemptError::DefenseOpen { defense });
        }
        if self.failed_defenses > 0 { Err(AttemptError::Defended) } else { Ok(()) }
    }

    fn check_undone(&self, act: &'static str) -> Result<(), AttemptError> {
        match self.state {
            AttemptState::Validated { .. }
            | AttemptState::Exempted { .. }
            | AttemptState::Annulled { .. } => Err(self.refused(act)),
            _ => Ok(()),
        }
    }
}
