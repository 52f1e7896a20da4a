//! Whether two street addresses, each as somebody typed it, are one: case, accents, punctuation and
//! the usual abbreviations of Italian street words play no part.

/// Words that say less than the rest, and what stands for all their forms; nothing where a word is
/// left out.
const FORMS: [(&str, &[&str]); 18] = [
    ("via", &["v"]),
    ("viale", &["vle", "vl"]),
    ("vicolo", &["vlo", "vic"]),
    ("piazza", &["pza", "pzza", "pz"]),
    ("piazzale", &["ple", "pzle"]),
    ("piazzetta", &["pzetta", "pzta"]),
    ("corso", &["cso"]),
    ("largo", &["lgo"]),
    ("strada", &["str", "sda"]),
    ("contrada", &["cda", "ctr", "ctrd"]),
    ("galleria", &["gall"]),
    ("borgo", &["bgo"]),
    ("localita", &["loc"]),
    ("frazione", &["fraz", "fr"]),
    ("statale", &["ss"]),
    ("provinciale", &["sp"]),
    ("san", &["s", "santo", "santa", "sant", "sta", "sto"]),
    (
        "",
        &[
            "n", "nr", "num", "numero", "civico", "snc", "int", "italia", "it",
        ],
    ),
];
/// Digits of a postal code.
const POSTAL_CODE: usize = 5;

/// Addresses that say too little are nobody's.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (Address::read(one), Address::read(other));
    one.says_enough()
        && one.words == other.words
        && match one.postal_code.zip(other.postal_code) {
            Some((one, other)) => one == other,
            None => true,
        }
}

struct Address {
    words: Vec<String>,
    postal_code: Option<String>,
}

impl Address {
    fn read(text: &str) -> Self {
        let mut words: Vec<String> = Vec::new();
        let mut postal_code = None;
        for word in spoken(text) {
            let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
            if is_number && word.len() == POSTAL_CODE {
                postal_code = Some(word);
                continue;
            }
            let word = form(&word);
            let after_number = words.last().is_some_and(|last| ends_in_digit(last));
            match words.last_mut() {
                // `1/A` is `1a`.
                Some(number) if after_number && is_letter(&word) => number.push_str(&word),
                _ if word.is_empty() => {}
                _ => words.push(word),
            }
        }
        Self { words, postal_code }
    }

    /// A street with its number, or at least three words.
    fn says_enough(&self) -> bool {
        let has_number = self.words.iter().any(|word| ends_in_digit(word));
        self.words.len() > 2 || (has_number && self.words.len() > 1)
    }
}

/// The words in lower case and without accents; of `P.zza` and `V.le` the dots are left out, and so
/// is a province in brackets.
fn spoken(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let plain: String = lower.chars().map(without_accent).collect();
    let parts = plain.split([' ', ',', ';', '-', '–', '/', '\'', '’', '\n', '\t']);
    let mut words = Vec::new();
    for part in parts {
        if part.starts_with('(') && part.ends_with(')') && part.len() == 4 {
            continue;
        }
        words.extend(dotted(part));
    }
    words
}

/// `p.zza` is one word and `v.roma` two: a dotted part is an abbreviation where the list has it.
fn dotted(part: &str) -> Vec<String> {
    let letters = |text: &str| {
        text.chars()
            .filter(|c| c.is_alphanumeric())
            .collect::<String>()
    };
    let joined = letters(part);
    let is_known = FORMS
        .iter()
        .any(|(_, forms)| forms.contains(&joined.as_str()));
    let words = if is_known {
        vec![joined]
    } else {
        part.split('.').map(letters).collect()
    };
    words.into_iter().filter(|word| !word.is_empty()).collect()
}

const fn without_accent(letter: char) -> char {
    match letter {
        'à' | 'á' | 'â' | 'ä' => 'a',
        'è' | 'é' | 'ê' | 'ë' => 'e',
        'ì' | 'í' | 'î' | 'ï' => 'i',
        'ò' | 'ó' | 'ô' | 'ö' => 'o',
        'ù' | 'ú' | 'û' | 'ü' => 'u',
        '°' | 'º' => ' ',
        other => other,
    }
}

fn form(word: &str) -> String {
    let known = FORMS.iter().find(|(_, forms)| forms.contains(&word));
    known.map_or(word, |(whole, _)| whole).to_owned()
}

fn ends_in_digit(word: &str) -> bool {
    word.bytes()
        .last()
        .is_some_and(|byte| byte.is_ascii_digit())
}

fn is_letter(word: &str) -> bool {
    word.len() == 1 && word.bytes().all(|byte| byte.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(one: &str, other: &str, expected: bool) {
        assert_eq!(is_same(one, other), expected, "{one} | {other}");
        assert_eq!(is_same(other, one), expected, "{other} | {one}");
    }

    #[test]
    fn spelling_plays_no_part() {
        let roma = "Via Roma, 1 - 40121 Bologna (BO)";
        for same in [
            "via roma 1, 40121 BOLOGNA",
            "V. Roma n. 1 40121 Bologna",
            "V.Roma 1, Bologna",
            "Via Roma nº1 Bologna",
            "VIA  ROMA N° 1 – 40121 Bologna",
            "Via Roma, 1\n40121 Bologna, Italia",
        ] {
            check(roma, same, true);
        }
        check(
            "V.le della Libertà 12/A, Modena",
            "viale della Liberta' 12 a Modena",
            true,
        );
        check(
            "P.zza S. Stefano 3 Parma",
            "Piazza Santo Stefano, 3, Parma",
            true,
        );
        check(
            "C.so d'Azeglio 7, Reggio Emilia",
            "corso D’Azeglio 7 Reggio Emilia",
            true,
        );
        check(
            "Loc. Ca' Bianca snc, Sassuolo",
            "Località Ca Bianca, Sassuolo",
            true,
        );
    }

    #[test]
    fn another_number_street_town_or_postal_code_is_another_address() {
        let roma = "Via Roma, 1 - 40121 Bologna";
        check(roma, "Via Roma, 11 - 40121 Bologna", false);
        check(roma, "Via Roma, 1/A - 40121 Bologna", false);
        check(roma, "Viale Roma, 1 - 40121 Bologna", false);
        check("P.za Roma 1, Bologna", "P.le Roma 1, Bologna", false);
        check(roma, "Via Roma, 1 - 41121 Modena", false);
        check(roma, "Via Roma, 1 - 40122 Bologna", false);
    }

    #[test]
    fn a_town_alone_or_nothing_at_all_is_nobodys_address() {
        for vague in ["", " - ", "Bologna", "40121 Bologna", "Reggio Emilia", "12"] {
            check(vague, vague, false);
        }
    }
}
