//! Every word of every language: one table a language, complete or it does not compile.

use domain::billing::Part;

use super::{Description, Language, TaxCategory};
use crate::document::figures::{amount, percent};

/// The words of one language.
pub(crate) struct Words {
    pub invoice: &'static str,
    pub credit_note: &'static str,
    pub issued_on: &'static str,
    pub due_on: &'static str,
    pub period: &'static str,
    pub amount_due: &'static str,
    pub amount_credited: &'static str,
    pub corrects: &'static str,
    pub reason: &'static str,
    pub from: &'static str,
    pub to: &'static str,
    pub tax_id: &'static str,
    pub description: &'static str,
    pub amount: &'static str,
    pub amount_with_tax: &'static str,
    pub summary: &'static str,
    pub net: &'static str,
    pub tax: &'static str,
    pub tax_exempt: &'static str,
    pub reverse_charge: &'static str,
    pub reverse_charge_note: &'static str,
    pub on: &'static str,
    pub total: &'static str,
    pub paid: &'static str,
    pub credited: &'static str,
    pub page: &'static str,
    pub of: &'static str,
    pub one_month: &'static str,
    pub share: &'static str,
    pub up_to: &'static str,
    pub unused_days: &'static str,
    pub used_of: [&'static str; 3],
    /// Before a first day, between two days: `from`, `to`.
    pub span: [&'static str; 2],
    /// From Monday.
    pub weekdays: [&'static str; 7],
    pub months: [&'static str; 12],
    /// Between day, month and year.
    pub date_joint: &'static str,
    /// What the first day of a month is called.
    pub first: &'static str,
}

const ENGLISH: Words = Words {
    invoice: "Invoice",
    credit_note: "Credit note",
    issued_on: "Issued on",
    due_on: "Due on",
    period: "Period",
    amount_due: "Amount due",
    amount_credited: "Amount credited",
    corrects: "Corrects invoice",
    reason: "Reason",
    from: "From",
    to: "To",
    tax_id: "Tax number",
    description: "Description",
    amount: "Amount",
    amount_with_tax: "Amount, tax included",
    summary: "Summary",
    net: "Total without tax",
    tax: "Tax",
    tax_exempt: "Tax, exempt",
    reverse_charge: "Tax, reverse charge",
    reverse_charge_note: "Reverse charge: the recipient accounts for the tax.",
    on: "on",
    total: "Total",
    paid: "Paid",
    credited: "Credited",
    page: "Page",
    of: "of",
    one_month: "one month",
    share: "share",
    up_to: "up to",
    unused_days: "Unused days",
    used_of: ["", " of ", " days were used"],
    span: ["", " to "],
    weekdays: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    date_joint: "\u{a0}",
    first: "1",
};

const FRENCH: Words = Words {
    invoice: "Facture",
    credit_note: "Avoir",
    issued_on: "Date d’émission",
    due_on: "Échéance",
    period: "Période",
    amount_due: "Reste à payer",
    amount_credited: "Montant de l’avoir",
    corrects: "Rectifie la facture",
    reason: "Motif",
    from: "De",
    to: "À",
    tax_id: "Numéro fiscal",
    description: "Désignation",
    amount: "Montant",
    amount_with_tax: "Montant TTC",
    summary: "Récapitulatif",
    net: "Total hors taxes",
    tax: "Taxe",
    tax_exempt: "Taxe, exonération",
    reverse_charge: "Taxe, autoliquidation",
    reverse_charge_note: "Autoliquidation : la taxe est due par le destinataire.",
    on: "sur",
    total: "Total",
    paid: "Déjà payé",
    credited: "Avoirs",
    page: "Page",
    of: "sur",
    one_month: "un mois",
    share: "part",
    up_to: "jusqu’à",
    unused_days: "Jours non utilisés",
    used_of: ["", " jours utilisés sur ", ""],
    span: ["du ", " au "],
    weekdays: ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
    months: [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    date_joint: "\u{a0}",
    first: "1er",
};

const SPANISH: Words = Words {
    invoice: "Factura",
    credit_note: "Nota de crédito",
    issued_on: "Fecha de emisión",
    due_on: "Fecha de vencimiento",
    period: "Periodo",
    amount_due: "Importe pendiente",
    amount_credited: "Importe abonado",
    corrects: "Rectifica la factura",
    reason: "Motivo",
    from: "De",
    to: "Para",
    tax_id: "Número fiscal",
    description: "Concepto",
    amount: "Importe",
    amount_with_tax: "Importe con impuestos",
    summary: "Resumen",
    net: "Total sin impuestos",
    tax: "Impuesto",
    tax_exempt: "Impuesto, exento",
    reverse_charge: "Impuesto, inversión del sujeto pasivo",
    reverse_charge_note: "Inversión del sujeto pasivo: el destinatario liquida el impuesto.",
    on: "sobre",
    total: "Total",
    paid: "Pagado",
    credited: "Abonado",
    page: "Página",
    of: "de",
    one_month: "un mes",
    share: "parte",
    up_to: "hasta",
    unused_days: "Días no utilizados",
    used_of: ["se utilizaron ", " de ", " días"],
    span: ["del ", " al "],
    weekdays: ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"],
    months: [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    date_joint: "\u{a0}de\u{a0}",
    first: "1",
};

/// What is written in a language.
pub(crate) trait Worded {
    /// Its words.
    fn words(self) -> &'static Words;
    /// What stands between a word and what explains it: French sets a space before a colon.
    fn colon(self) -> &'static str;
    /// What a line is for.
    fn describes(self, description: &Description) -> String;
    /// What a tax is, without its base.
    fn names_tax(self, category: &TaxCategory) -> String;
}

impl Worded for Language {
    fn words(self) -> &'static Words {
        match self {
            Self::En => &ENGLISH,
            Self::Fr => &FRENCH,
            Self::Es => &SPANISH,
        }
    }

    fn colon(self) -> &'static str {
        match self {
            Self::En | Self::Es => ": ",
            Self::Fr => "\u{a0}: ",
        }
    }

    fn describes(self, description: &Description) -> String {
        let words = self.words();
        match description {
            Description::Month { edition_title, part } => {
                let part = match part {
                    None => String::new(),
                    Some(Part::SharePercent(share)) => {
                        let share = percent(u32::from(*share) * 100, self);
                        format!(" ({}{}{share})", words.share, self.colon())
                    }
                    Some(Part::Cap(cap)) => format!(" ({} {})", words.up_to, amount(*cap, self)),
                };
                format!("{edition_title}, {}{part}", words.one_month)
            }
            Description::UnusedDays { used, of } => {
                let [before, between, after] = words.used_of;
                format!("{}{}{before}{used}{between}{of}{after}", words.unused_days, self.colon())
            }
            Description::Written(text) => text.clone(),
        }
    }

    fn names_tax(self, category: &TaxCategory) -> String {
        let words = self.words();
        match category {
            TaxCategory::Exempt { .. } => words.tax_exempt.into(),
            TaxCategory::Standard { rate_basis_points } => {
                format!("{} {}", words.tax, percent(*rate_basis_points, self))
            }
            TaxCategory::ReverseCharge => words.reverse_charge.into(),
        }
    }
}
