//! The documents a call asks for and takes: `[[documents]]` and `[document_limits]`.

use toml::de::DeValue;

use super::reader::{Read, Section, Value, all};
use super::values;
use crate::document::{DocumentRules, DocumentType, Limits, MEGABYTE};
use crate::media_type::MediaType;

/// Most document types of a call.
const TYPES_LIMIT: usize = 50;
/// Largest file a call may take, in megabytes.
const FILE_LIMIT: u32 = 100;
/// Most an application may hold, in megabytes.
const APPLICATION_LIMIT: u32 = 1_000;
/// Most files of one application.
const FILES_LIMIT: u32 = 1_000;

/// Both are optional: a call that lists no document takes none.
pub(super) fn read(top: &Section<'_>) -> Read<DocumentRules> {
    let limits = top.optional("document_limits", limits);
    let types = top.optional("documents", types);
    let limits = limits?.unwrap_or_default();
    Ok(DocumentRules {
        types: types?.unwrap_or_default(),
        limits,
    })
}

fn limits(value: &Value<'_>) -> Read<Limits> {
    let section = value.section()?;
    let megabytes = |key: &str, most: u32| {
        let read = section.optional(key, values::whole(1..=most));
        read.map(|found| found.map(|count| u64::from(count) * MEGABYTE))
    };
    let file = megabytes("file_megabytes", FILE_LIMIT);
    let application = megabytes("application_megabytes", APPLICATION_LIMIT);
    let files = section.optional("files", values::whole(1..=FILES_LIMIT));
    let default = Limits::default();
    let limits = Limits {
        file: file?.unwrap_or(default.file),
        application: application?.unwrap_or(default.application),
        files: files?.unwrap_or(default.files),
    };
    if limits.application < limits.file {
        let rule = format!(
            "must be at least the {} megabytes of one file",
            limits.file / MEGABYTE
        );
        return Err(section.refuse("application_megabytes", rule));
    }
    Ok(limits)
}

fn types(value: &Value<'_>) -> Read<Vec<DocumentType>> {
    let mut codes = Vec::new();
    let mut reads = Vec::new();
    for section in value.sections(0..=TYPES_LIMIT)? {
        let code = section.required("code", values::code);
        if let Ok(code) = &code {
            if codes.contains(code) {
                section.refuse("code", "must differ from the codes before it");
            }
            codes.push(code.clone());
        }
        reads.push(document_type(&section, code));
    }
    all(reads)
}

fn document_type(section: &Section<'_>, code: Read<String>) -> Read<DocumentType> {
    let name = section.required("name", values::both_languages);
    let mandatory = section.required("mandatory", flag);
    let accepted = section.required("accepted", accepted);
    let largest = section.optional("max_megabytes", values::whole(1..=FILE_LIMIT));
    Ok(DocumentType {
        code: code?,
        name: name?,
        mandatory: mandatory?,
        accepted: accepted?,
        largest: largest?.map(|count| u64::from(count) * MEGABYTE),
    })
}

fn accepted(value: &Value<'_>) -> Read<Vec<MediaType>> {
    let formats = MediaType::ALL.map(|format| (format.as_str(), format));
    let elements = value.elements(1..=formats.len())?;
    let read = values::choice(&formats);
    let mut found = Vec::new();
    for element in &elements {
        let format = read(element);
        if format.is_ok() && found.contains(&format) {
            found.push(Err(element.refuse("must differ from the formats before it")));
            continue;
        }
        found.push(format);
    }
    all(found)
}

fn flag(value: &Value<'_>) -> Read<bool> {
    match value.raw() {
        DeValue::Boolean(flag) => Ok(*flag),
        _ => Err(value.refuse("must be true or false")),
    }
}

#[cfg(test)]
mod tests {
    use crate::call_file::tests::{CALL, accept, check, parsed};
    use crate::document::{DocumentRules, Limits, MEGABYTE};

    const STATUTE: &str = "code = \"statute\"";
    const FORM: &str = "accepted = [\"pdf\", \"p7m\"]";

    #[test]
    fn a_call_without_documents_takes_none() {
        let (before, _) = CALL.split_once("[document_limits]").unwrap();

        assert_eq!(parsed(before).terms.documents, DocumentRules::default());
    }

    #[test]
    fn limits_have_the_published_defaults() {
        let (before, after) = CALL.split_once("[document_limits]").unwrap();
        let (_, types) = after.split_once("[[documents]]").unwrap();
        let limits = parsed(&format!("{before}[[documents]]{types}"))
            .terms
            .documents
            .limits;

        assert_eq!(limits, Limits::default());
        assert_eq!(
            (limits.file, limits.application, limits.files),
            (20 * MEGABYTE, 100 * MEGABYTE, 200)
        );
    }

    #[test]
    fn documents_are_checked_key_by_key() {
        check(&[
            (
                STATUTE,
                "code = \"project_form\"",
                "documents[1].code",
                "must differ",
            ),
            (
                STATUTE,
                "code = \"\"",
                "documents[1].code",
                "must be a code",
            ),
            (
                FORM,
                "accepted = [\"pdf\", \"exe\"]",
                "documents[0].accepted[1]",
                "\"pdf\" or \"p7m\"",
            ),
            (
                FORM,
                "accepted = [\"pdf\", \"pdf\"]",
                "documents[0].accepted[1]",
                "must differ",
            ),
            (
                FORM,
                "accepted = []",
                "documents[0].accepted",
                "must list 1",
            ),
            (
                "mandatory = true",
                "mandatory = \"yes\"",
                "documents[0].mandatory",
                "true or false",
            ),
            (
                "file_megabytes = 20",
                "file_megabytes = 0",
                "document_limits.file_megabytes",
                "1 to 100",
            ),
            (
                "application_megabytes = 100",
                "application_megabytes = 19",
                "document_limits.application_megabytes",
                "at least the 20",
            ),
        ]);
        accept(&[
            ("mandatory = true", "mandatory = true\nmax_megabytes = 5"),
            ("files = 200", "files = 1"),
        ]);
    }

    #[test]
    fn terms_of_before_documents_read_as_taking_none() {
        let mut stored = serde_json::to_value(parsed(CALL).terms).unwrap();
        stored.as_object_mut().unwrap().remove("documents");

        let terms: crate::call::Terms = serde_json::from_value(stored).unwrap();

        assert_eq!(terms.documents, DocumentRules::default());
    }
}
