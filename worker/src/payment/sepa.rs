//! SEPA direct debit: files that collect, and files that say what came back.
//!
//! Nothing here speaks to a bank: finance uploads the one and downloads the other. The messages are
//! written and read by the crate `sepa`, which holds them to the schemes' rules.

mod debit_file;
mod end_to_end;
mod report;

pub use ::sepa::{Bic, CreditorId, Iban};

pub use self::debit_file::{Creditor, Debit, DebitFile, DebitFileRefused, Layout, Sequence};
pub use self::end_to_end::{end_to_end_id, invoice_of};
pub use self::report::{REPORT_BYTES_MAX, Report, ReportRefused, ReturnedDebit};

#[cfg(test)]
mod tests {
    use super::Iban;

    #[test]
    fn an_iban_is_held_to_its_check_digits_length_and_form() {
        let check = |text: &str, good: bool| assert_eq!(text.parse::<Iban>().is_ok(), good, "{text}");
        // Examples of the IBAN registry.
        check("AD1200012030200359100100", true);
        check("AT611904300234573201", true);
        check("BE68539007547034", true);
        check("CH9300762011623852957", true);
        check("DE89370400440532013000", true);
        check("DE89 3704 0044 0532 0130 00", true);
        check("ES9121000418450200051332", true);
        check("FR1420041010050500013M02606", true);
        check("GB29NWBK60161331926819", true);
        check("IT60X0542811101000000123456", true);
        check("MT84MALT011000012345MTLCAST001S", true);
        check("NL91ABNA0417164300", true);
        check("NO9386011117947", true);
        // A digit changed, two swapped, one missing, one more, a letter for a digit, no such country.
        check("DE89370400440532013001", false);
        check("DE98370400440532013000", false);
        check("DE8937040044053201300", false);
        check("DE893704004405320130000", false);
        check("DE8937040044053201300O", false);
        check("XX89370400440532013000", false);
        check("NL91ABNA041716430", false);
        check("", false);
        check("DE", false);
    }
}
