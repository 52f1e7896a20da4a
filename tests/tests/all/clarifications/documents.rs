//! Documents in answer to what a consortium is asked: sent for an item, sealed with its answer,
//! read by the officer.

use bando_tests::desk::Desk;
use bando_tests::papers::{Paper, download, pdf, sha256};

use super::*;

/// A file for an item of a request.
fn paper(asked: &v1::Clarification, item: i32, text: &str) -> Paper {
    let name = "Statuto di Anna.pdf";
    let mut paper = Paper::new(&asked.application, "statute", name, pdf(text));
    paper.header.clarification.clone_from(&asked.name);
    paper.header.item = item;
    paper
}

async fn remove(desk: &Desk, document: &v1::Document) -> Result<v1::Document, Status> {
    let request = v1::RemoveDocumentRequest {
        name: document.name.clone(),
        etag: document.etag.clone(),
        ..Default::default()
    };
    let removed = desk.documents().remove_document(request).await?;
    Ok(removed.into_inner())
}

impl Case {
    /// What was asked, delivered two days ago.
    async fn running(&self) -> v1::Clarification {
        let asked = self.request("").await.unwrap();
        self.deliver("clarification_requested").await.unwrap();
        self.turn(self.daemon.now().await + TimeDelta::days(2))
            .await;
        self.asked(&asked.name).await
    }

    async fn answer_with(
        &self,
        asked: &v1::Clarification,
        answers: &[(i32, &str)],
        request_id: &str,
    ) -> Result<v1::AnswerClarificationResponse, Status> {
        let answers = answers.iter().map(|(item, text)| v1::ItemAnswer {
            item: *item,
            text: (*text).to_owned(),
            ..Default::default()
        });
        let request = v1::AnswerClarificationRequest {
            name: asked.name.clone(),
            etag: asked.etag.clone(),
            answers: answers.collect(),
            request_id: request_id.to_owned(),
            validate_only: false,
        };
        let mut desk = self.applicant.desk.clarifications();
        Ok(desk.answer_clarification(request).await?.into_inner())
    }

    async fn document(&self, name: &str) -> v1::Document {
        let request = v1::GetDocumentRequest {
            name: name.to_owned(),
        };
        let found = self.daemon.officer.documents().get_document(request).await;
        found.unwrap().into_inner()
    }

    async fn content(&self, asked: &v1::Clarification, number: i32) -> Vec<u8> {
        let request = v1::GetAnswerRequest {
            name: asked.name.clone(),
            number,
        };
        let mut desk = self.daemon.officer.clarifications();
        desk.get_answer(request).await.unwrap().into_inner().content
    }
}

async fn an_answer_with_a_document(case: &Case) {
    let (asked, desk) = (case.running().await, &case.applicant.desk);
    let (meant, wrong) = (paper(&asked, 1, "vigente"), paper(&asked, 1, "del 1998"));
    let silent = case.answer_with(&asked, &[(1, "")], "").await.unwrap_err();
    assert_eq!(silent.code(), Code::InvalidArgument, "{silent:?}");

    let mistaken = wrong.send(desk).await.unwrap();
    remove(desk, &mistaken).await.unwrap();
    let sent = meant.send(desk).await.unwrap();
    assert_eq!((sent.clarification.as_str(), sent.item), (&*asked.name, 1));
    let unseen = case.answer_with(&asked, &[(1, "")], "").await.unwrap_err();
    assert_eq!(reason(&unseen), "ETAG_MISMATCH", "its documents changed");
    let seen = case.asked(&asked.name).await;
    let answered = case.answer_with(&seen, &[(1, "")], "").await.unwrap();

    let receipt = convert::read_statement(&answered.receipt.unwrap()).unwrap();
    assert_eq!(receipt::verify(&receipt, &case.public_key().await), Ok(()));
    let content = case.content(&asked, 1).await;
    assert_eq!(receipt::verify_content(&receipt, &content), Ok(()));
    let content = String::from_utf8(content).unwrap();
    assert!(content.contains(&meant.header.sha256), "{content}");
    assert!(!content.contains(&wrong.header.sha256), "it was taken back");
    assert!(!content.contains("Anna"), "names of files are not sealed");
    let answer = &answered.clarification.unwrap().answers[0];
    let sealed = &answer.answers[0].documents[0];
    assert_eq!(
        (sealed.document_type.as_str(), &sealed.sha256),
        ("statute", &meant.header.sha256)
    );
    let letter = case.sent("answer_receipt").await;
    assert!(case.text_of(&letter).await.contains(&meant.header.sha256));

    let kept = case.document(&sent.name).await;
    assert_eq!(kept.answer, 1);
    let refusal = remove(desk, &kept).await.unwrap_err();
    assert_eq!(reason(&refusal), "DOCUMENT_ANSWERED");
    let bytes = download(&case.daemon.officer, &sent.name).await.unwrap();
    assert_eq!(sha256(&bytes), meant.header.sha256);
    let removed = download(&case.daemon.officer, &mistaken.name).await;
    assert_eq!(reason(&removed.unwrap_err()), "DOCUMENT_REMOVED");

    case.turn(due_at(&asked) + ONE_MICROSECOND).await;
    let late = paper(&asked, 2, "durc").send(desk).await.unwrap_err();
    assert_eq!(
        (late.code(), reason(&late).as_str()),
        (Code::FailedPrecondition, "CLARIFICATION_LATE")
    );
    assert!(late.message().contains("2016-06-16"), "{}", late.message());
}

impl Case {
    /// The text of a letter as it was sent.
    async fn text_of(&self, letter: &v1::Letter) -> String {
        let request = v1::GetLetterRequest {
            name: letter.name.clone(),
        };
        let found = self.daemon.officer.letters().get_letter(request).await;
        let message = String::from_utf8(found.unwrap().into_inner().message).unwrap();
        // Lines are soft-broken in quoted-printable.
        message.replace("=\r\n", "")
    }
}

#[tokio::test]
async fn a_document_is_sealed_with_the_answer_it_was_sent_for_and_read_by_the_officer() {
    an_answer_with_a_document(&Case::sqlite().await).await;
}

#[tokio::test]
async fn a_document_is_sealed_with_its_answer_on_postgresql() {
    an_answer_with_a_document(&on_postgres().await).await;
}

#[tokio::test]
async fn an_answer_in_part_seals_the_documents_of_its_items_and_leaves_the_others() {
    let case = Case::sqlite().await;
    let (asked, desk) = (case.running().await, &case.applicant.desk);
    let first = paper(&asked, 1, "uno").send(desk).await.unwrap();
    let second = paper(&asked, 2, "due").send(desk).await.unwrap();

    let seen = case.asked(&asked.name).await;
    case.answer_with(&seen, &[(2, "in allegato")], "")
        .await
        .unwrap();

    assert_eq!(case.document(&second.name).await.answer, 1);
    let waiting = case.document(&first.name).await;
    assert_eq!((waiting.item, waiting.answer), (1, 0));
    let seen = case.asked(&asked.name).await;
    case.answer_with(&seen, &[(1, "ecco")], "").await.unwrap();
    assert_eq!(case.document(&first.name).await.answer, 2);
    let content = String::from_utf8(case.content(&asked, 2).await).unwrap();
    assert!(content.contains(&first.sha256) && !content.contains(&second.sha256));
}

#[tokio::test]
async fn two_who_send_at_once_for_one_request_are_both_taken_on_postgresql() {
    let case = on_postgres().await;
    let (asked, desk) = (case.running().await, &case.applicant.desk);
    let papers = ["a", "b", "c", "d"].map(|text| paper(&asked, 1, text));

    let sent = papers.iter().map(|paper| paper.send(desk));
    let sent = futures::future::try_join_all(sent).await.unwrap();

    let seen = case.asked(&asked.name).await;
    let answered = case.answer_with(&seen, &[(1, "")], "").await.unwrap();
    let answer = &answered.clarification.unwrap().answers[0];
    assert_eq!(answer.answers[0].documents.len(), sent.len());
}

#[tokio::test]
async fn a_file_for_what_was_not_asked_or_not_of_the_call_is_refused_with_its_rule() {
    let case = Case::sqlite().await;
    let (asked, desk) = (case.running().await, &case.applicant.desk);
    let mut of_no_type = paper(&asked, 1, "altro");
    of_no_type.header.document_type = "photo".to_owned();
    let mut into_the_working_copy = paper(&asked, 0, "altro");
    into_the_working_copy.header.clarification.clear();
    let mut without_item = paper(&asked, 1, "altro");
    without_item.header.item = 0;
    let papers = [
        (paper(&asked, 3, "altro"), "UNKNOWN_ITEM"),
        (of_no_type, "DOCUMENT_TYPE_UNKNOWN"),
        (into_the_working_copy, "APPLICATION_STATE"),
        (without_item, "INVALID_FIELD"),
    ];
    let before = case.daemon.events().await;

    for (paper, expected) in papers {
        let refusal = paper.send(desk).await.unwrap_err();
        assert_eq!(reason(&refusal), expected);
    }

    let other = case.daemon.applicant(2).await.desk;
    let foreign = paper(&asked, 1, "altrui").send(&other).await.unwrap_err();
    assert_eq!(foreign.code(), Code::NotFound);
    let answered = case.answer(&asked.name, &[1, 2], "").await;
    answered.unwrap();
    let after = paper(&asked, 1, "dopo").send(desk).await.unwrap_err();
    assert_eq!(reason(&after), "CLARIFICATION_STATE");
    let added = case.daemon.events().await - before;
    assert_eq!(added, 3, "a consortium, its token and the answer");
}

/// The whole answer, although the request's etag has moved on by then.
async fn repeated(case: &Case) {
    let asked = case.running().await;
    let sent = paper(&asked, 1, "vigente").send(&case.applicant.desk).await;
    sent.unwrap();
    let seen = case.asked(&asked.name).await;
    let id = "6f1c1d1e-3b1a-4a53-9d28-3c1f2f7d0011";
    let both = [(1, ""), (2, "ecco")];

    let first = case.answer_with(&seen, &both, id).await.unwrap();
    case.turn(due_at(&asked) + TimeDelta::days(1)).await;
    let again = case.answer_with(&seen, &both, id).await.unwrap();

    assert_eq!(first.encode_to_vec(), again.encode_to_vec());
    assert_eq!(case.letters("answer_receipt").await, 1);
    let other = case.answer_with(&seen, &[(1, "altro")], id).await;
    assert_eq!(reason(&other.unwrap_err()), "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn an_answer_sent_twice_under_one_id_is_answered_with_the_same_bytes() {
    repeated(&Case::sqlite().await).await;
}

#[tokio::test]
async fn an_answer_sent_twice_is_answered_with_the_same_bytes_on_postgresql() {
    repeated(&on_postgres().await).await;
}
