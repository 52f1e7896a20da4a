//! `LetterService`, `EventService` and `ReceiptService`.

use bando_domain::letter::{Delivered, DeliveryOutcome, LetterKind, LetterState};
use bando_domain::receipt::public_key_text;
use bando_proto::v1;
use bando_proto::v1::event_service_server::EventService;
use bando_proto::v1::letter_service_server::LetterService;
use bando_proto::v1::receipt_service_server::ReceiptService;
use bando_store::{events as event_rows, letters};
use bando_workflow::{Error, events, ledger};
use tonic::{Request, Response, Status};

use super::{Api, page, receive};
use crate::convert::{self, names};

fn letter_filter(text: &str) -> Result<letters::Filter, Error> {
    let [state, kind, application] = convert::filter(text, ["state", "kind", "application"])?;
    let kind = convert::one_of("kind of letter", kind.as_ref(), |text| {
        LetterKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
    })?;
    let application = application
        .map(|name| names::application("filter", &name))
        .transpose()?
        .map(|(_, id)| id);
    let state = convert::one_of("state of a letter", state.as_ref(), LetterState::parse)?;
    Ok(letters::Filter {
        state,
        kind,
        application,
        consortium: None,
    })
}

#[tonic::async_trait]
impl LetterService for Api {
    async fn list_letters(
        &self,
        request: Request<v1::ListLettersRequest>,
    ) -> Result<Response<v1::ListLettersResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let binding = page::binding(&received.caller.method, &message.parent, &message.filter);
        let query = page::query(&self.cx, &binding, message.page_size, &message.page_token)?;
        let listed = async {
            let programme = names::programme("parent", &message.parent)?;
            let (actor, filter) = (&received.caller.actor, letter_filter(&message.filter)?);
            let found = ledger::list(&self.cx, actor, &programme, filter, &query).await?;
            Ok(v1::ListLettersResponse {
                letters: found
                    .rows
                    .iter()
                    .map(|known| convert::letter(known, None))
                    .collect(),
                next_page_token: page::token(&self.cx, &binding, found.next.as_ref()),
            })
        };
        listed
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }

    async fn list_redirections(
        &self,
        request: Request<v1::ListRedirectionsRequest>,
    ) -> Result<Response<v1::ListRedirectionsResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let binding = page::binding(&received.caller.method, &message.parent, &message.filter);
        let query = page::query(&self.cx, &binding, message.page_size, &message.page_token)?;
        let listed = async {
            let programme = names::programme("parent", &message.parent)?;
            let [consortium] = convert::filter(&message.filter, ["consortium"])?;
            let consortium = consortium.map(|name| names::consortium("filter", &name));
            let consortium = consortium.transpose()?.map(|(_, id)| id);
            let actor = &received.caller.actor;
            let found = ledger::redirected(&self.cx, actor, &programme, consortium, &query).await?;
            let shown = |known| convert::redirection(&programme, known);
            Ok(v1::ListRedirectionsResponse {
                redirections: found.rows.iter().map(shown).collect(),
                next_page_token: page::token(&self.cx, &binding, found.next.as_ref()),
            })
        };
        listed
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }

    async fn get_letter(
        &self,
        request: Request<v1::GetLetterRequest>,
    ) -> Result<Response<v1::Letter>, Status> {
        let received = receive(request)?;
        let found = async {
            let (programme, id) = names::letter("name", &received.message.name)?;
            ledger::get(&self.cx, &received.caller.actor, &programme, id).await
        };
        let (letter, frozen) = found.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::letter(&letter, frozen.as_ref())))
    }

    async fn count_letters(
        &self,
        request: Request<v1::CountLettersRequest>,
    ) -> Result<Response<v1::CountLettersResponse>, Status> {
        let received = receive(request)?;
        let counted = async {
            let programme = names::programme("parent", &received.message.parent)?;
            ledger::counts(&self.cx, &received.caller.actor, &programme).await
        };
        let counted = counted.await.map_err(|error| received.status(error))?;
        let counts = counted.into_iter().map(|(state, count)| v1::LetterCount {
            state: convert::letter_state(state).into(),
            count: i64::try_from(count).unwrap_or(i64::MAX),
        });
        Ok(Response::new(v1::CountLettersResponse {
            counts: counts.collect(),
        }))
    }

    async fn record_delivery(
        &self,
        request: Request<v1::RecordDeliveryRequest>,
    ) -> Result<Response<v1::Letter>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let recorded = async {
            let (programme, id) = names::letter("name", &message.name)?;
            let delivered = Delivered {
                at: convert::required_instant("delivered_at", message.delivered_at)?,
                evidence: message.evidence.trim().to_owned(),
            };
            let outcome = DeliveryOutcome::Delivered;
            ledger::record_delivery(&self.cx, &command, &programme, id, outcome, delivered).await
        };
        let letter = recorded.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::letter(&letter, None)))
    }

    async fn record_non_delivery(
        &self,
        request: Request<v1::RecordNonDeliveryRequest>,
    ) -> Result<Response<v1::Letter>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let recorded = async {
            let (programme, id) = names::letter("name", &message.name)?;
            let notice = Delivered {
                at: convert::required_instant("at", message.at)?,
                evidence: message.evidence.trim().to_owned(),
            };
            let outcome = DeliveryOutcome::NotDelivered;
            ledger::record_delivery(&self.cx, &command, &programme, id, outcome, notice).await
        };
        let letter = recorded.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::letter(&letter, None)))
    }
}

#[tonic::async_trait]
impl EventService for Api {
    async fn list_events(
        &self,
        request: Request<v1::ListEventsRequest>,
    ) -> Result<Response<v1::ListEventsResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let binding = page::binding(&received.caller.method, &message.parent, &message.filter);
        let query = page::query(&self.cx, &binding, message.page_size, &message.page_token)?;
        let listed = async {
            let programme = names::programme("parent", &message.parent)?;
            let [subject, kind] = convert::filter(&message.filter, ["subject", "kind"])?;
            let subject = subject.map(|name| convert::subject(&name));
            let after_revision = message.after_revision;
            let filter = event_rows::Filter {
                subject,
                kind,
                after_revision,
                ..event_rows::Filter::default()
            };
            let actor = &received.caller.actor;
            let (found, total) = events::list(&self.cx, actor, &programme, filter, &query).await?;
            Ok(v1::ListEventsResponse {
                events: found.rows.iter().map(convert::event).collect(),
                next_page_token: page::token(&self.cx, &binding, found.next.as_ref()),
                total_size: i64::try_from(total).unwrap_or(i64::MAX),
            })
        };
        listed
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }

    async fn verify_chain(
        &self,
        request: Request<v1::VerifyChainRequest>,
    ) -> Result<Response<v1::VerifyChainResponse>, Status> {
        let received = receive(request)?;
        let verified = events::verify(&self.cx)
            .await
            .map_err(|error| received.status(error))?;
        let report = verified.chain;
        let (first_bad_revision, finding) = report.finding.clone().unwrap_or_default();
        Ok(Response::new(v1::VerifyChainResponse {
            valid: report.finding.is_none(),
            events: report.events,
            head: report.head,
            first_bad_revision,
            finding,
            checkpoints: verified.checkpoints,
        }))
    }
}

#[tonic::async_trait]
impl ReceiptService for Api {
    async fn list_receipt_keys(
        &self,
        request: Request<v1::ListReceiptKeysRequest>,
    ) -> Result<Response<v1::ListReceiptKeysResponse>, Status> {
        receive(request)?;
        let key = v1::ReceiptKey {
            key_id: self.cx.signer.key_id(),
            public_key: public_key_text(&self.cx.signer.public()),
        };
        Ok(Response::new(v1::ListReceiptKeysResponse {
            keys: vec![key],
        }))
    }
}
