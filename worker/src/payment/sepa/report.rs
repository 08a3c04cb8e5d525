//! What a bank's file says came back: refused before the day (pain.002) or returned after it
//! (camt.054).

use ::sepa::camt::CashEntry;
use ::sepa::pain002::{PaymentInfoStatus, PaymentStatus, TransactionStatus};
use ::sepa::{ParseLimits, XmlError, parse_camt054_with_limits, parse_pain002_with_limits};
use domain::id::InvoiceId;
use domain::money::{Currency, Money};
use thiserror::Error;

pub use domain::debit::REPORT_BYTES_MAX;

use super::end_to_end::invoice_of;

const LIMITS: ParseLimits = ParseLimits {
    input_bytes: REPORT_BYTES_MAX,
    nodes: 200_000,
    depth: 64,
    text_bytes: 4 * 1024,
    total_text_bytes: REPORT_BYTES_MAX,
    attributes: 16,
    attribute_bytes: 1024,
    total_attribute_bytes: 1024 * 1024,
};

/// The longest reference of a file, by the standard.
const MESSAGE_CHARS_MAX: usize = 35;

/// A debit that brought no money, or whose money went back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnedDebit {
    /// What was to be paid.
    pub invoice: InvoiceId,
    /// The reference of the file that it was in, where the bank says.
    pub file: Option<String>,
    /// The bank's code for why, such as `AM04` (no funds) or `MD01` (no mandate).
    pub reason: String,
    /// How much, where the bank says.
    pub amount: Option<Money>,
}

/// A bank's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The bank's reference of the file: the same when it is read again.
    pub message: String,
    /// Each debit that came back, once a line of the file.
    pub returned: Vec<ReturnedDebit>,
    /// Returns that name no invoice of ours, for finance to look at.
    pub foreign: usize,
    /// References of a [`DebitFile`](super::DebitFile), or of one of its two halves (with `-FRST` or
    /// `-RCUR` behind), that was refused as a whole and so every debit in it.
    pub refused_whole: Vec<String>,
}

/// Why a file was not read.
#[derive(Debug, Error)]
pub enum ReportRefused {
    /// Longer than [`REPORT_BYTES_MAX`], or with more in it than a report has.
    #[error("the file is too large")]
    TooLarge,
    /// It does not say what it is called, so that nobody could tell it from another.
    #[error("expected a file with a reference of 1 to {MESSAGE_CHARS_MAX} characters")]
    Unnamed,
    /// Neither a payment status report nor a notification, in a version that we know.
    #[error("expected a file of pain.002 or camt.054")]
    Unknown(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Report {
    /// Reads a payment status report (pain.002.001.03 or .10), or a notification (camt.054.001.08).
    pub fn read(text: &str) -> Result<Self, ReportRefused> {
        let report = Self::read_either(text)?;
        let named = (1..=MESSAGE_CHARS_MAX).contains(&report.message.chars().count());
        if named { Ok(report) } else { Err(ReportRefused::Unnamed) }
    }

    fn read_either(text: &str) -> Result<Self, ReportRefused> {
        if text.len() > REPORT_BYTES_MAX {
            return Err(ReportRefused::TooLarge);
        }
        match parse_pain002_with_limits(text, LIMITS) {
            Ok(report) => {
                let mut lines = Lines { file: Some(report.original_msg_id.clone()), ..Lines::default() };
                report.payment_info_statuses.iter().for_each(|group| lines.read_group(group));
                if report.group_status == Some(PaymentStatus::Rjct) && lines.is_empty() {
                    lines.whole.push(report.original_msg_id);
                }
                Ok(lines.report(report.msg_id))
            }
            Err(::sepa::Pain002ParseError::Xml(error)) if is_limit(&error) => Err(ReportRefused::TooLarge),
            Err(_) => Self::read_notification(text),
        }
    }

    fn read_notification(text: &str) -> Result<Self, ReportRefused> {
        let report = parse_camt054_with_limits(text, LIMITS)
            .map_err(|error| ReportRefused::Unknown(Box::new(error)))?;
        let mut lines = Lines::default();
        for notification in &report.notifications {
            notification.returns().for_each(|entry| lines.read_entry(entry));
        }
        Ok(lines.report(report.msg_id))
    }
}

fn is_limit(error: &XmlError) -> bool {
    matches!(error, XmlError::LimitExceeded { .. })
}

#[derive(Default)]
struct Lines {
    file: Option<String>,
    returned: Vec<ReturnedDebit>,
    foreign: usize,
    whole: Vec<String>,
}

impl Lines {
    fn read_group(&mut self, group: &PaymentInfoStatus) {
        if group.transactions.is_empty() && group.status == Some(PaymentStatus::Rjct) {
            self.whole.extend(group.original_payment_info_id.clone());
        }
        for line in &group.transactions {
            // A line without its own status shares its group's.
            let status = line.status.as_ref().or(group.status.as_ref());
            if status == Some(&PaymentStatus::Rjct) {
                let reason = line.reason_codes.first().or(group.reason_codes.first());
                let reason = reason.map(|reason| reason.as_code().to_owned());
                self.add(line.original_end_to_end_id.as_deref(), reason, amount(line));
            }
        }
    }

    fn read_entry(&mut self, entry: &CashEntry) {
        for detail in entry.details.iter().filter(|detail| detail.is_return()) {
            let amount = detail.amount.is_currency(Some("EUR")).then_some(detail.amount.ct).flatten();
            self.add(
                detail.end_to_end_id.as_deref(),
                detail.return_reason_code.clone(),
                amount.map(|minor| Money::minor(minor, Currency::Eur)),
            );
        }
    }

    fn add(&mut self, end_to_end_id: Option<&str>, reason: Option<String>, amount: Option<Money>) {
        match end_to_end_id.and_then(invoice_of) {
            Some(invoice) => {
                let reason = reason.filter(|code| is_code(code)).unwrap_or_else(|| "NARR".to_owned());
                let file = self.file.clone();
                self.returned.push(ReturnedDebit { invoice, file, reason, amount });
            }
            None => self.foreign += 1,
        }
    }

    fn is_empty(&self) -> bool {
        self.returned.is_empty() && self.foreign == 0 && self.whole.is_empty()
    }

    fn report(self, message: String) -> Report {
        Report { message, returned: self.returned, foreign: self.foreign, refused_whole: self.whole }
    }
}

/// ISO 20022's codes have up to four capitals and digits; what is none is `NARR`: told in words.
fn is_code(text: &str) -> bool {
    (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

fn amount(line: &TransactionStatus) -> Option<Money> {
    let euros = line.original_currency.as_deref() == Some("EUR");
    line.original_amount_ct.filter(|_| euros).map(|minor| Money::minor(minor, Currency::Eur))
}

#[cfg(test)]
mod tests {
    use super::super::end_to_end::end_to_end_id;
    use super::*;

    fn reference(invoice: &str) -> String {
        end_to_end_id(InvoiceId::derived(&[invoice]))
    }

    fn returned(invoice: &str, file: Option<&str>, reason: &str) -> ReturnedDebit {
        let (invoice, file) = (InvoiceId::derived(&[invoice]), file.map(str::to_owned));
        let amount = Some(Money::minor(30_000, Currency::Eur));
        ReturnedDebit { invoice, file, reason: reason.to_owned(), amount }
    }

    fn status_report(version: &str, group: &str, lines: &str) -> String {
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
            <Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.{version}"><CstmrPmtStsRpt>
            <GrpHdr><MsgId>R-1</MsgId><CreDtTm>2027-02-09T10:00:00</CreDtTm></GrpHdr>
            <OrgnlGrpInfAndSts><OrgnlMsgId>DD-2027-02-08</OrgnlMsgId>
            <OrgnlMsgNmId>pain.008.001.08</OrgnlMsgNmId>{group}</OrgnlGrpInfAndSts>{lines}
            </CstmrPmtStsRpt></Document>"#
        )
    }

    fn line(reference: &str, status: &str, reason: &str) -> String {
        format!(
            "<TxInfAndSts><OrgnlEndToEndId>{reference}</OrgnlEndToEndId><TxSts>{status}</TxSts>\
             <StsRsnInf><Rsn>{reason}</Rsn></StsRsnInf><OrgnlTxRef><Amt><InstdAmt Ccy=\"EUR\">300.00</InstdAmt></Amt>\
             </OrgnlTxRef></TxInfAndSts>"
        )
    }

    fn group(lines: &str) -> String {
        format!(
            "<OrgnlPmtInfAndSts><OrgnlPmtInfId>DD-2027-02-08-FRST</OrgnlPmtInfId>{lines}</OrgnlPmtInfAndSts>"
        )
    }

    #[test]
    fn a_status_report_says_which_debits_were_refused_and_why() {
        let lines = [
            line(&reference("1"), "RJCT", "<Cd>AM04</Cd>"),
            line(&reference("2"), "ACSC", "<Cd>AM04</Cd>"),
            line(&reference("3").to_uppercase(), "RJCT", "<Cd>MD01</Cd>"),
            line("SOMEBODY-ELSE", "RJCT", "<Cd>AC04</Cd>"),
            line(&reference("4"), "RJCT", "<Prtry>see the letter</Prtry>"),
        ];
        let file = Some("DD-2027-02-08");
        for version in ["03", "10"] {
            let report =
                Report::read(&status_report(version, "<GrpSts>PART</GrpSts>", &group(&lines.concat())));
            let expected = Report {
                message: "R-1".into(),
                returned: vec![
                    returned("1", file, "AM04"),
                    returned("3", file, "MD01"),
                    returned("4", file, "NARR"),
                ],
                foreign: 1,
                refused_whole: vec![],
            };
            assert_eq!(report.expect("a report"), expected, "{version}");
        }
    }

    #[test]
    fn a_file_or_half_that_was_refused_whole_is_named() {
        let file = Report::read(&status_report("10", "<GrpSts>RJCT</GrpSts>", "")).expect("a report");
        assert_eq!((file.refused_whole, file.returned), (vec!["DD-2027-02-08".to_owned()], vec![]));
        let half = status_report("10", "", &group("<PmtInfSts>RJCT</PmtInfSts>"));
        let half = Report::read(&half).expect("a report");
        assert_eq!(half.refused_whole, ["DD-2027-02-08-FRST"]);
    }

    #[test]
    fn a_notification_says_which_debits_came_back() {
        let details = |reference: &str, returned: &str| {
            format!(
                "<TxDtls><Refs><EndToEndId>{reference}</EndToEndId></Refs><Amt Ccy=\"EUR\">300.00</Amt>\
                 <CdtDbtInd>DBIT</CdtDbtInd>{returned}</TxDtls>"
            )
        };
        let sent = format!(
            r#"<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn>
            <GrpHdr><MsgId>N-1</MsgId><CreDtTm>2027-02-10T23:59:00</CreDtTm></GrpHdr><Ntfctn><Id>N</Id><Ntry>
            <Amt Ccy="EUR">900.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
            <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>IDDT</Cd><SubFmlyCd>UPDD</SubFmlyCd></Fmly></Domn></BkTxCd>
            <NtryDtls>{}{}{}</NtryDtls></Ntry></Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"#,
            details(&reference("1"), "<RtrInf><Rsn><Cd>MD06</Cd></Rsn></RtrInf>"),
            details("SOMEBODY-ELSE", "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"),
            details(&reference("2"), ""),
        );
        let report = Report::read(&sent).expect("a report");
        assert_eq!((report.message.as_str(), report.foreign), ("N-1", 1));
        assert_eq!(report.returned, [returned("1", None, "MD06")]);
    }

    #[test]
    fn another_file_is_refused() {
        let entity = r#"<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>"#;
        let other = status_report("10", "", "").replace("pain.002", "pain.001");
        for text in ["", "<", "<a/>", "not a file", entity, other.as_str()] {
            assert!(matches!(Report::read(text), Err(ReportRefused::Unknown(_))), "{text}");
        }
    }

    #[test]
    fn a_file_without_a_name_is_refused() {
        let named = status_report("10", "", "");
        assert!(Report::read(&named).is_ok());
        for name in ["", &"x".repeat(36)] {
            assert!(Report::read(&named.replace("R-1", name)).is_err(), "{name}");
        }
    }

    #[test]
    fn a_file_without_end_is_refused() {
        let long = status_report("10", &" ".repeat(REPORT_BYTES_MAX), "");
        assert!(matches!(Report::read(&long), Err(ReportRefused::TooLarge)));
        let many = status_report("10", "", &group(&"<a/>".repeat(200_000)));
        assert!(matches!(Report::read(&many), Err(ReportRefused::TooLarge)));
    }
}
