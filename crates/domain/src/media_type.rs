//! The formats a document may have, and how each begins.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

/// `1.2.840.113549.1.7.2`, signed data, as DER writes the object identifier.
const SIGNED_DATA: [u8; 11] = [
    0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02,
];
/// The first lines of a signature in PEM.
const PEM_HEADS: [&str; 2] = ["-----BEGIN PKCS7-----", "-----BEGIN CMS-----"];

/// How many first bytes [`MediaType::begins`] looks at.
pub const HEAD: usize = 512;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaType {
    Pdf,
    /// A signed envelope (CAdES): recognised, never validated here.
    P7m,
    Docx,
    Xlsx,
    Jpg,
    Png,
}

impl MediaType {
    pub const ALL: [Self; 6] = [
        Self::Pdf,
        Self::P7m,
        Self::Docx,
        Self::Xlsx,
        Self::Jpg,
        Self::Png,
    ];

    /// The short name of call files and rows, which is also a file's ending.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::P7m => "p7m",
            Self::Docx => "docx",
            Self::Xlsx => "xlsx",
            Self::Jpg => "jpg",
            Self::Png => "png",
        }
    }

    /// As the Internet names it.
    pub const fn mime(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::P7m => "application/pkcs7-mime",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Jpg => "image/jpeg",
            Self::Png => "image/png",
        }
    }

    pub fn of_mime(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.mime() == text)
    }

    /// The format that a file's ending stands for.
    pub fn of_file_name(name: &str) -> Option<Self> {
        let (_, ending) = name.rsplit_once('.')?;
        let ending = ending.to_ascii_lowercase();
        match ending.as_str() {
            "jpeg" => Some(Self::Jpg),
            other => Self::ALL.into_iter().find(|known| known.as_str() == other),
        }
    }

    /// The folder in which a zip of this format keeps its main part.
    pub const fn part_folder(self) -> Option<&'static str> {
        match self {
            Self::Docx => Some("word/"),
            Self::Xlsx => Some("xl/"),
            Self::Pdf | Self::P7m | Self::Jpg | Self::Png => None,
        }
    }

    /// Whether a file with these first bytes can be of this format.
    pub fn begins(self, head: &[u8]) -> bool {
        match self {
            Self::Pdf => head.starts_with(b"%PDF-"),
            Self::P7m => is_signed_data(head) || is_signed_data_in_pem(head),
            Self::Docx | Self::Xlsx => head.starts_with(b"PK\x03\x04"),
            Self::Jpg => head.starts_with(&[0xFF, 0xD8, 0xFF]),
            Self::Png => head.starts_with(b"\x89PNG\r\n\x1A\n"),
        }
    }
}

/// A DER (or BER) sequence that begins with the identifier of signed data.
fn is_signed_data(head: &[u8]) -> bool {
    let [0x30, length, rest @ ..] = head else {
        return false;
    };
    // 0x80 is the indefinite length, 0x81 to 0x84 say how many bytes of length follow.
    let Some(more) = length.checked_sub(0x80).filter(|more| *more <= 4) else {
        return false;
    };
    rest.get(usize::from(more)..)
        .is_some_and(|value| value.starts_with(&SIGNED_DATA))
}

fn is_signed_data_in_pem(head: &[u8]) -> bool {
    let text: String = head.iter().map(|byte| char::from(*byte)).collect();
    let Some(body) = PEM_HEADS
        .iter()
        .find_map(|begin| text.trim_start().strip_prefix(begin))
    else {
        return false;
    };
    let digits: String = body
        .chars()
        .take_while(|c| *c != '-')
        .filter(|c| !c.is_ascii_whitespace())
        .take(32)
        .collect();
    BASE64
        .decode(digits)
        .is_ok_and(|bytes| is_signed_data(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(length: &[u8]) -> Vec<u8> {
        [&[0x30][..], length, &SIGNED_DATA, &[0xA0, 0x80]].concat()
    }

    #[test]
    fn each_format_is_known_by_its_first_bytes_and_by_no_others() {
        let heads: [(MediaType, &[u8]); 5] = [
            (MediaType::Pdf, b"%PDF-1.7\n"),
            (MediaType::P7m, &der(&[0x82, 0x10, 0x00])),
            (MediaType::Docx, b"PK\x03\x04\x14\x00"),
            (MediaType::Jpg, &[0xFF, 0xD8, 0xFF, 0xE0]),
            (MediaType::Png, b"\x89PNG\r\n\x1A\n\0"),
        ];
        for (of, head) in heads {
            for tried in MediaType::ALL {
                let zips = [MediaType::Docx, MediaType::Xlsx];
                let same = tried == of || (zips.contains(&tried) && zips.contains(&of));
                assert_eq!(tried.begins(head), same, "{of:?} as {tried:?}");
            }
        }
    }

    #[test]
    fn a_program_is_none_of_them() {
        for tried in MediaType::ALL {
            assert!(!tried.begins(b"MZ\x90\0\x03\0\0\0"), "{tried:?}");
            assert!(!tried.begins(b""), "{tried:?}");
        }
    }

    #[test]
    fn signed_data_is_known_in_every_form_of_its_length_and_in_pem() {
        for length in [
            &[0x80][..],
            &[0x81, 0xFF],
            &[0x82, 1, 2],
            &[0x84, 0, 1, 2, 3],
        ] {
            assert!(MediaType::P7m.begins(&der(length)), "{length:?}");
        }
        let text = BASE64.encode(der(&[0x82, 1, 2]));
        for head in PEM_HEADS {
            assert!(MediaType::P7m.begins(format!("{head}\r\n{text}\n").as_bytes()));
        }
        let other = der(&[0x82, 1, 2])
            .into_iter()
            .map(|byte| if byte == 0x02 { 0x01 } else { byte })
            .collect::<Vec<_>>();
        assert!(!MediaType::P7m.begins(&other), "data, not signed data");
        assert!(!MediaType::P7m.begins(&der(&[0x7F])), "a short sequence");
    }

    #[test]
    fn a_name_stands_for_the_format_of_its_ending() {
        let of = MediaType::of_file_name;

        assert_eq!(of("Statuto.PDF"), Some(MediaType::Pdf));
        assert_eq!(of("domanda.pdf.p7m"), Some(MediaType::P7m));
        assert_eq!(of("foto.jpeg"), Some(MediaType::Jpg));
        assert_eq!(of("fattura.pdf.exe"), None);
        assert_eq!(of("senza"), None);
    }
}
