//! A file as the school keeps it, as the message that a bank takes.

use domain::debit::{Creditor as KeptCreditor, DebitFile as KeptFile, FiledDebit};
use domain::enrollment::Iban as KeptIban;
use thiserror::Error;

use super::{Creditor, Debit, DebitFile, DebitFileRefused, Iban, Layout, Sequence};

/// Who collects cannot be read as the scheme has it. What is wrong is not said again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected {expected}")]
pub struct InvalidCreditor {
    /// What is wrong, as it should be.
    pub expected: &'static str,
}

/// The longest name of a creditor, by the scheme.
const NAME_CHARS_MAX: usize = 70;

impl TryFrom<&KeptCreditor> for Creditor {
    type Error = InvalidCreditor;

    fn try_from(kept: &KeptCreditor) -> Result<Self, InvalidCreditor> {
        let KeptCreditor { name, iban, bic, creditor_id } = kept;
        if !(1..=NAME_CHARS_MAX).contains(&name.chars().count()) {
            return Err(InvalidCreditor { expected: "a name of 1 to 70 characters" });
        }
        let bic = bic.as_deref().map(str::parse).transpose();
        let creditor_id = creditor_id.parse();
        Ok(Self {
            name: name.clone(),
            iban: account(iban).ok_or(InvalidCreditor { expected: "an IBAN" })?,
            bic: bic.map_err(|_| InvalidCreditor { expected: "a BIC" })?,
            creditor_id: creditor_id
                .map_err(|_| InvalidCreditor { expected: "a creditor identifier with its check digits" })?,
        })
    }
}

fn account(iban: &KeptIban) -> Option<Iban> {
    iban.expose().parse().ok()
}

/// Why a kept file cannot be written.
#[derive(Debug, Error)]
pub enum Unwritable {
    /// Who collects.
    #[error(transparent)]
    Creditor(#[from] InvalidCreditor),
    /// An account that the scheme does not have.
    #[error("the account of debit {0} is none of the scheme")]
    Account(u32),
    /// The file.
    #[error(transparent)]
    File(#[from] DebitFileRefused),
}

/// The text of a file with these debits: the same whenever it is written. A mandate's first debit is
/// not told apart: the scheme's rulebook has let it be recurring since November 2016.
pub fn written(file: &KeptFile, debits: &[FiledDebit]) -> Result<String, Unwritable> {
    let debit = |debit: &FiledDebit| {
        Ok(Debit {
            invoice: debit.invoice,
            amount: debit.amount,
            debtor: debit.debtor.clone(),
            iban: account(&debit.iban).ok_or(Unwritable::Account(debit.number))?,
            mandate: debit.mandate.clone(),
            signed_on: debit.signed_on,
            sequence: Sequence::Recurring,
            remittance: debit.remittance.clone(),
        })
    };
    let message = DebitFile {
        message: file.message(),
        creditor: Creditor::try_from(&file.creditor)?,
        on: file.collect_on,
        debits: debits.iter().map(debit).collect::<Result<_, Unwritable>>()?,
    };
    Ok(message.write(Layout::V8, file.asked_at)?)
}
