//! Cases about what a consortium is asked: its row, its answers and the documents they seal.

use bando_domain::application::{Application, DocumentChange};
use bando_domain::clarification::{
    self, Answer, Clarification, Event, Item, ItemAnswer, ItemKind, Purpose,
};
use bando_domain::document::{self, Asked, Document};
use bando_domain::event::Personal;
use bando_domain::ids::{ClarificationId, DocumentId, EventId, LetterId};
use bando_domain::media_type::MediaType;
use bando_domain::programme::Text;
use bando_domain::receipt::{
    self, SealedDocument, Signed, Statement, StatementKind, canonical, instant_text, sha256_hex,
};
use bando_store::{Error, Tx, Versioned, clarifications, documents, events};
use chrono::TimeDelta;
use ed25519_dalek::SigningKey;

use super::fixture::{Bed, act, fresh_uuid, now};

fn requested(bed: &Bed, application: &Application, purpose: Purpose) -> Event {
    let item = |kind, rule: &str| Item {
        kind,
        rule: rule.to_owned(),
        text: Text::new("lo statuto", "the statute"),
    };
    Event::Requested {
        id: ClarificationId(fresh_uuid()),
        call: application.call.clone(),
        application: application.id,
        consortium: application.consortium,
        purpose,
        number: 1,
        items: vec![item(ItemKind::Document, "E2"), item(ItemKind::Value, "E13")],
        term: bed.call.value.terms.procedure.term_for(purpose),
        by: "anna.bianchi".to_owned(),
        at: now(),
    }
}

/// A document for the first item of a request.
fn statute(application: &Application, known: &Clarification) -> Document {
    Document {
        id: DocumentId(fresh_uuid()),
        application: application.id,
        call: application.call.clone(),
        consortium: application.consortium,
        document_type: "statute".to_owned(),
        file_name: Personal::new("Statuto.pdf"),
        media_type: MediaType::Pdf,
        size: 7,
        sha256: sha256_hex(b"statute"),
        marks: Vec::new(),
        added_by: "consorzio1".to_owned(),
        added_at: now(),
        removed_at: None,
        scan: None,
        verification: None,
        asked: Some(Asked {
            clarification: known.id,
            item: 1,
        }),
    }
}

fn signed(known: &Clarification, kind: StatementKind, texts: &[ItemAnswer]) -> Signed {
    let key = SigningKey::from_bytes(&[7; 32]);
    let content = canonical(&known.sealed(1, texts)).unwrap();
    let statement = Statement {
        kind,
        call: known.call.clone(),
        application: known.application,
        clarification: Some(known.id),
        protocol: Some(format!("ER-2016-{}", known.id)),
        received_at: instant_text(now()),
        closes_at: known.due_at.map(instant_text),
        content_sha256: sha256_hex(&content),
        event: EventId(fresh_uuid()),
        key_id: receipt::key_id(&key.verifying_key()),
        admitted_by: None,
    };
    receipt::sign(&key, statement).unwrap()
}

/// An answer to the first item, with that document.
fn answered(known: &Clarification, document: &Document) -> Event {
    let texts = vec![ItemAnswer {
        item: 1,
        text: String::new(),
        documents: SealedDocument::of([document]),
    }];
    let answer = Answer {
        number: 1,
        received_at: now(),
        receipt: signed(known, StatementKind::AnswerReceipt, &texts),
        texts,
    };
    Event::Answered {
        answer: Box::new(answer),
        complete: false,
    }
}

/// A delivered request with a document that its first answer sealed.
async fn with_an_answer(bed: &Bed) -> (Versioned<Clarification>, Document) {
    let application = bed.submitted().await.value;
    let event = requested(bed, &application, Purpose::Clarification);
    let known = bed.put::<Clarification>(None, event).await.unwrap();
    let letter = LetterId(fresh_uuid());
    let bounced = clarification::fail_delivery(&known.value, letter, now(), "bounce").unwrap();
    let known = bed.put(Some(known), bounced).await.unwrap();
    let by = bed.call.value.terms.window.reckoning();
    let delivered = clarification::deliver(&known.value, letter, now(), "PEC 1", by).unwrap();
    let known = bed.put(Some(known), delivered).await.unwrap();

    let document = statute(&application, &known.value);
    let (id, change) = (document.id, DocumentChange::Added);
    let sent = clarification::change_documents(&known.value, 1, id, change, now()).unwrap();
    let known = bed.put(Some(known), sent).await.unwrap();
    let added = document::Event::Added {
        document: Box::new(document.clone()),
    };
    bed.put::<Document>(None, added).await.unwrap();
    let event = answered(&known.value, &document);
    let known = bed.put(Some(known), event).await.unwrap();
    let (clarification, document_id) = (known.value.id, document.id);
    let work = async move |tx: &Tx| {
        documents::seal_answer(tx, clarification, 1, &[document_id]).await?;
        Ok::<_, Error>(())
    };
    bed.store.write(act(), work).await.unwrap();
    (known, document)
}

pub(super) async fn events_replayed_give_the_request(bed: Bed) {
    let db = bed.store.read();
    let (known, document) = with_an_answer(&bed).await;
    let refusal = signed(&known.value, StatementKind::LateAnswerRefusal, &[]);
    let after = known.value.due_at.unwrap() + TimeDelta::minutes(1);
    let late = Event::LateAnswered {
        at: after,
        refusal: Box::new(refusal),
    };
    let known = bed.put(Some(known), late).await.unwrap();
    let expired = clarification::expire(&known.value, after).unwrap();
    let known = bed.put(Some(known), expired).await.unwrap();
    let accepted = clarification::accept(&known.value, after).unwrap();
    let known = bed.put(Some(known), accepted).await.unwrap();
    let application = bando_store::applications::get(db, known.value.application).await;
    let event = requested(
        &bed,
        &application.unwrap().value,
        Purpose::NoticeBeforeRejection,
    );
    let notice = bed.put::<Clarification>(None, event).await.unwrap();
    let closed = clarification::close(&notice.value, "un errore", now()).unwrap();
    let notice = bed.put(Some(notice), closed).await.unwrap();

    for known in [known.value, notice.value] {
        let subject = known.id.to_string();
        let replayed = events::replay::<Clarification, _>(db, &subject).await;
        assert_eq!(replayed.unwrap().unwrap(), known);
        let row = clarifications::get(db, known.id).await.unwrap();
        assert_eq!(row.value, known);
    }
    let replayed = events::replay::<Document, _>(db, &document.id.to_string()).await;
    assert_eq!(replayed.unwrap().unwrap(), document);
    let row = documents::get(db, document.id).await.unwrap();
    assert_eq!(row.value, document);
}

pub(super) async fn what_an_answer_sealed_refuses_change(bed: Bed) {
    let db = bed.store.read();
    let (known, document) = with_an_answer(&bed).await;

    for sql in [
        "UPDATE answered_documents SET number = 2",
        "DELETE FROM answered_documents",
        "UPDATE clarification_answers SET content = ''",
        "DELETE FROM clarification_answers",
    ] {
        let refused = bed.raw.execute_unprepared(sql).await.unwrap_err();
        let refused = refused.to_string();
        let expected = ["insert-only", "sealed"];
        let is_told = expected.iter().any(|word| refused.contains(word));
        assert!(is_told, "{sql}: {refused}");
    }

    let sealed = documents::answers(db, &[document.id]).await.unwrap();
    assert_eq!(sealed.get(&document.id), Some(&1));
    let content = clarifications::sealed_content(db, known.value.id, 1).await;
    let receipt = &known.value.answers[0].receipt;
    let content = content.unwrap();
    assert_eq!(receipt::verify_content(receipt, content.as_bytes()), Ok(()));
}
