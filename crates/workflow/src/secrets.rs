//! Secrets that are shown once and recognised by their hash: `<prefix>_<id>_<secret>_<check sum>`.

use uuid::Uuid;

use crate::entropy;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Characters of the secret: 43 of 62 are more than 256 bits.
const LENGTH: usize = 43;

pub(crate) fn fresh() -> String {
    let mut secret = String::with_capacity(LENGTH);
    while secret.len() < LENGTH {
        // 248 is the largest multiple of 62 in a byte: below it every character is as likely.
        let fair = entropy::seed().into_iter().filter(|byte| *byte < 248);
        let room = LENGTH - secret.len();
        secret.extend(
            fair.take(room)
                .map(|byte| char::from(BASE62[usize::from(byte) % 62])),
        );
    }
    secret
}

pub(crate) fn text(prefix: &str, id: Uuid, secret: &str) -> String {
    let body = format!("{prefix}_{}_{secret}", id.simple());
    let sum = crc32fast::hash(body.as_bytes());
    format!("{body}_{sum:08x}")
}

/// The id and the secret of a text; a mistyped one is told by its check sum.
pub(crate) fn split<'a>(wanted: &str, text: &'a str) -> Option<(Uuid, &'a str)> {
    let (body, sum) = text.rsplit_once('_')?;
    if format!("{:08x}", crc32fast::hash(body.as_bytes())) != sum {
        return None;
    }
    let mut parts = body.splitn(3, '_');
    let (prefix, id, secret) = (parts.next()?, parts.next()?, parts.next()?);
    if prefix != wanted || secret.len() != LENGTH {
        return None;
    }
    Some((Uuid::try_parse(id).ok()?, secret))
}

/// Compares without telling by its time where the difference is.
pub(crate) fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_back_as_it_was_written_and_for_its_purpose_alone() {
        let (id, secret) = (Uuid::from_u128(5), fresh());
        let written = text("bndo", id, &secret);

        assert_eq!(split("bndo", &written), Some((id, secret.as_str())));
        assert_eq!(split("bndc", &written), None);
    }

    #[test]
    fn one_wrong_character_is_told_by_the_check_sum() {
        let written = text("bndo", Uuid::from_u128(5), &fresh());
        let wrong = written.replacen("bndo_0", "bndo_1", 1);

        assert_eq!(split("bndo", &wrong), None);
    }

    #[test]
    fn two_secrets_are_not_the_same() {
        assert_ne!(fresh(), fresh());
        assert!(same(b"ab", b"ab") && !same(b"ab", b"aa") && !same(b"ab", b"a"));
    }
}
