use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::call::tests::{call, later};
use crate::call::{self, Cancellation, State};
use crate::proposal::{self, Act, Proposal};

/// A call on its way, with everything that happens to it on record.
struct Desk {
    call: crate::call::Call,
    trail: Trail,
}

impl Desk {
    fn new() -> Self {
        let draft = call::Call {
            state: State::Draft,
            ..call()
        };
        let mut desk = Self {
            trail: Trail::default(),
            call: draft,
        };
        let loaded = call::Event::Loaded {
            id: desk.call.id.clone(),
            terms: Box::new(desk.call.terms.clone()),
        };
        let at = desk.call.terms.window.opens_at - TimeDelta::days(9);
        desk.does("anna", at, loaded);
        desk.does("paola", at + TimeDelta::days(1), call::Event::Published);
        desk.does(
            "system",
            desk.call.terms.window.opens_at,
            call::Event::Opened,
        );
        desk
    }

    fn does(&mut self, person: &str, at: DateTime<Utc>, event: call::Event) {
        self.call = call::apply(Some(self.call.clone()), &event).unwrap();
        self.trail.events.push(Happened {
            at,
            person: person.to_owned(),
            event,
        });
    }

    fn extends(&mut self, minutes: i64, at: DateTime<Utc>) {
        let close = later(&self.call, minutes);
        let act = Act::Extension {
            closes_at: close,
            closes_text: "later".to_owned(),
            act: "DD 77".to_owned(),
            reason: Some("a strike".to_owned()),
        };
        let payload = act.call_payload(&self.call).unwrap().unwrap();
        let id = ProposalId(uuid::Uuid::from_u128(7));
        let asked = proposal::request(id, self.call.id.clone(), act, payload.clone(), "anna", at);
        let waiting = proposal::apply(None, &asked).unwrap();
        let approved = proposal::approve(&waiting, "paola", None, &payload, at).unwrap();
        let approved: Proposal = proposal::apply(Some(waiting), &approved).unwrap();
        self.trail.extensions.push(approved);
        let event = call::extend(&self.call, "DD 77", (close, "later"), 0, at).unwrap();
        self.does("paola", at, event);
    }

    fn close(&self, now: DateTime<Utc>) -> Deadline {
        of_call(&self.call, &self.trail, now).remove(0)
    }
}

#[test]
fn a_close_states_its_instant_zone_edge_and_act() {
    let desk = Desk::new();
    let at = desk.call.terms.window.closes_at;

    let close = desk.close(at);

    assert_eq!(
        (close.at, close.edge, close.sequence),
        (at, Edge::InTime, 0)
    );
    assert_eq!(close.act.as_deref(), Some("DGR 1"));
    assert_eq!(close.standing, Standing::Running);
    assert_eq!(
        close.printed(Language::It),
        "sabato 31 gennaio 1970, ore 01:00 (Europe/Rome, UTC+1)"
    );
    let after = desk.close(at + TimeDelta::microseconds(1));
    assert_eq!(after.standing, Standing::Passed);
}

#[test]
fn an_extension_says_who_asked_who_approved_and_why() {
    let mut desk = Desk::new();
    let was = desk.call.terms.window.closes_at;
    let at = later(&desk.call, -1);

    desk.extends(60, at);

    let close = desk.close(at);
    assert_eq!(
        close.changes,
        [Change {
            kind: ChangeKind::Extended,
            from: was,
            to: Some(was + TimeDelta::hours(1)),
            act: Some("DD 77".to_owned()),
            reason: Some("a strike".to_owned()),
            requested_by: "anna".to_owned(),
            approved_by: Some("paola".to_owned()),
            at,
        }]
    );
    assert_eq!((close.sequence, close.stated_at), (1, at));
    assert_eq!(close.act.as_deref(), Some("DD 77"));
    let seen = &close.without_persons().changes[0];
    assert_eq!((seen.requested_by.as_str(), &seen.approved_by), ("", &None));
    assert_eq!(seen.reason.as_deref(), Some("a strike"));
}

#[test]
fn each_extension_suspension_and_resumption_raises_the_sequence() {
    let mut desk = Desk::new();
    desk.extends(60, later(&desk.call, -1));
    assert_eq!(desk.close(later(&desk.call, 0)).sequence, 1);
    // A day after the close passed.
    desk.extends(3 * 24 * 60, later(&desk.call, 24 * 60));
    let now = later(&desk.call, -60);
    assert_eq!(desk.close(now).sequence, 2);

    let event = call::suspend(&desk.call, "down", now).unwrap();
    desk.does("anna", now, event);
    let suspended = desk.close(now);
    assert_eq!(
        (suspended.sequence, suspended.standing),
        (3, Standing::Suspended)
    );
    assert_eq!(suspended.changes[2].to, None);
    let resumed_at = now + TimeDelta::minutes(30);
    let event = call::resume(&desk.call, "DD 78", resumed_at).unwrap();
    desk.does("anna", resumed_at, event);

    let close = desk.close(resumed_at);
    assert_eq!((close.sequence, close.standing), (4, Standing::Running));
    assert_eq!(close.changes[3].to, Some(close.at));
    assert_eq!(close.at, desk.call.terms.window.closes_at);
    // Each change goes on from where the one before left it.
    let moves: Vec<_> = close
        .changes
        .iter()
        .filter(|known| known.to.is_some())
        .collect();
    assert!(moves.windows(2).all(|two| two[0].to == Some(two[1].from)));
}

#[test]
fn a_cancelled_call_cancels_its_deadlines_and_a_draft_has_none() {
    let mut desk = Desk::new();
    desk.call.terms.payment_limit = "1970-12-31".parse().ok();
    let at = later(&desk.call, -60);
    let draft = call::Call {
        state: State::Draft,
        ..desk.call.clone()
    };
    assert!(of_call(&draft, &desk.trail, at).is_empty());
    let cancellation = Cancellation {
        act: "DGR 2".to_owned(),
        reason: "no funds".to_owned(),
    };

    desk.does("paola", at, call::Event::Cancelled { cancellation });

    let found = of_call(&desk.call, &desk.trail, at);
    assert_eq!(found.len(), 2);
    for deadline in found {
        assert_eq!(deadline.standing, Standing::Cancelled);
        assert_eq!((deadline.sequence, deadline.stated_at), (1, at));
    }
}

#[test]
fn the_name_of_a_deadline_is_read_back() {
    let id = uuid::Uuid::from_u128(5);
    let all = [
        Subject::CallClose,
        Subject::Clarification(id.into()),
        Subject::NoticeBeforeRejection(id.into()),
        Subject::Procedure(id.into()),
        Subject::ResultsPublication,
        Subject::PaymentLimit,
        Subject::Proposal(id.into()),
    ];
    for subject in all {
        assert_eq!(subject.to_string().parse(), Ok(subject));
    }
    for wrong in [
        "",
        "closes",
        "clarification",
        "notice-1",
        "close-1",
        "award-1",
    ] {
        assert!(wrong.parse::<Subject>().is_err(), "{wrong}");
    }
}

#[test]
fn only_the_close_of_a_call_is_extended() {
    let id = uuid::Uuid::nil();

    assert_eq!(Subject::CallClose.expect_extensible(), Ok(()));
    let refused = Subject::Clarification(id.into()).expect_extensible();
    assert_eq!(refused.unwrap_err().reason(), "DEADLINE_FIXED");
}
