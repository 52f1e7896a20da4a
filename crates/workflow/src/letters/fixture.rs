//! A letter of every kind, with facts as awkward as the world makes them.

use bando_domain::civil::Language;
use bando_domain::clarification::ItemKind;
use bando_domain::event::Personal;
use bando_domain::letter::{
    Ahead, AnsweredDocument, Asked, AskedItem, DigestLine, Facts, LetterKind, LetterWanted,
    Outcome, Reason, Recipient, ReportLine,
};
use bando_domain::money::Eur;
use bando_domain::programme::{Programme, Text};
use bando_domain::reminder::{About, Line};
use bando_domain::timer::TimerKind;
use chrono::{DateTime, NaiveDate, Utc};

use super::render::{CallHeading, RenderContext, Rendered, render};

/// An apostrophe, a script, an emoji, a right-to-left word, a mark of direction and line breaks.
pub(super) const AWKWARD: &str =
    "L'Unità & <script>alert(1)</script> 🍅 שלום\u{202e}\r\nBcc: spy@example.org";
const SHA256: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

pub(super) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(super) fn programme() -> Programme {
    Programme {
        id: "er".parse().unwrap(),
        name: Text::new(
            "Consorzi per l’internazionalizzazione",
            "Internationalisation consortia",
        ),
        authority: Text::new("Regione Emilia-Romagna", "Emilia-Romagna Region"),
        region: "Emilia-Romagna".into(),
        language: Language::It,
        zone: "Europe/Rome".parse().unwrap(),
        currency: "EUR".into(),
        sender: "bandi@regione.example.org".parse().unwrap(),
        reply_to: "ufficio-bandi@regione.example.org".parse().unwrap(),
        officers: vec!["ufficio-bandi@regione.example.org".parse().unwrap()],
    }
}

pub(super) fn context(programme: &Programme) -> RenderContext<'_> {
    let call = CallHeading {
        id: "er/2016".parse().unwrap(),
        title: Text::new(
            "Progetti dei consorzi – anno 2016",
            "Projects of the consortia, 2016",
        ),
        zone: "Europe/Rome".parse().unwrap(),
        act: "DGR 412/2016".into(),
    };
    RenderContext {
        programme,
        call: Some(call),
    }
}

fn outcome(position: Option<u32>) -> Outcome {
    Outcome {
        application: "ER-2016-0000012".into(),
        project: AWKWARD.into(),
        protocol: "ER-2016-0000012".into(),
        position,
        score: "81.25".into(),
        act: "DGR 1401/2016".into(),
    }
}

pub(super) fn facts(kind: LetterKind) -> Facts {
    let application = String::from("0190a7c4");
    let project = String::from(AWKWARD);
    let protocol = String::from("ER-2016-0000012");
    let closes_at = at("2016-05-31T14:00:00Z");
    match kind {
        LetterKind::CallOpened => Facts::CallOpened {
            opens_at: at("2016-04-11T08:00:00Z"),
            closes_at,
            act: "DGR 412/2016".into(),
            budget: Eur::euros(2_000_000),
            rate_basis_points: 4_000,
            min_grant: Some(Eur::euros(30_000)),
            max_grant: Some(Eur::euros(150_000)),
        },
        LetterKind::CallExtended => Facts::CallExtended {
            application,
            project,
            was: closes_at,
            closes_at: at("2016-06-10T14:00:00Z"),
            act: "DD 77/2016".into(),
            reopened: true,
        },
        LetterKind::CallSuspended => suspended(application, project),
        LetterKind::CallResumed => resumed(application, project, closes_at),
        LetterKind::RulesChanged => rules_changed(application, project),
        LetterKind::CallCancelled => Facts::CallCancelled {
            application,
            project,
            act: "DGR 900/2016".into(),
            reason: AWKWARD.into(),
        },
        LetterKind::DraftReminder => Facts::DraftReminder {
            application,
            project,
            closes_at,
            missing: vec!["IBAN".into(), AWKWARD.into()],
        },
        LetterKind::Receipt => Facts::Receipt {
            application: protocol.clone(),
            project,
            protocol,
            received_at: at("2016-05-31T13:59:59.999999Z"),
            content_sha256: SHA256.into(),
            closes_at,
        },
        LetterKind::Lapsed => Facts::Lapsed {
            application,
            project,
            closes_at,
        },
        LetterKind::LateRefusal => Facts::LateRefusal {
            application,
            project,
            received_at: at("2016-05-31T14:00:00.000001Z"),
            closes_at,
        },
        LetterKind::ClarificationRequested => requested(),
        LetterKind::RejectionNotice => noticed(),
        LetterKind::ClarificationDue => term_runs(),
        LetterKind::AnswerReceipt => answered(),
        LetterKind::LateAnswer => answered_late(),
        LetterKind::ClarificationExpired => expired(),
        LetterKind::ClarificationClosed => taken_back(),
        LetterKind::Inadmissible => inadmissible(protocol, project),
        LetterKind::CheckReopened => check_reopened(),
        LetterKind::LateAdmission => late_admission(),
        LetterKind::Awarded => Facts::Awarded {
            outcome: outcome(Some(3)),
            amount: Eur::cents(14_999_999),
            eligible_cost: Eur::cents(37_499_998),
            acceptance_days: 15,
        },
        LetterKind::AwardedInPart => Facts::AwardedInPart {
            outcome: outcome(Some(18)),
            amount: Eur::cents(3_210_005),
            full_grant: Eur::euros(90_000),
            acceptance_days: 1,
        },
        LetterKind::WaitingList => Facts::WaitingList {
            outcome: outcome(Some(20)),
            place: 2,
        },
        LetterKind::BelowThreshold => Facts::BelowThreshold {
            outcome: outcome(None),
            threshold: "60.00".into(),
        },
        LetterKind::Reminder => reminders(),
        LetterKind::OfficersDigest => digest(),
        LetterKind::WeeklyReport => weekly_report(),
        LetterKind::NextEdition => next_edition(),
    }
}

/// One of each topic.
fn reminders() -> Facts {
    let closes_at = at("2016-05-31T14:00:00Z");
    let (application, project) = (String::from("ER-2016-0000012"), String::from(AWKWARD));
    let since = at("2016-06-20T07:30:00Z");
    let abouts = [
        About::CallOpens {
            opens_at: at("2016-04-11T08:00:00Z"),
            closes_at,
        },
        About::NoDraft { closes_at },
        About::DraftNotSubmitted {
            application: "0190a7c4".into(),
            project: project.clone(),
            closes_at,
            missing: vec!["IBAN".into(), AWKWARD.into()],
        },
        About::Accreditation {
            expires_on: chrono::NaiveDate::from_ymd_opt(2016, 5, 30),
            closes_at,
        },
        About::MembersBelowMinimum {
            members: 7,
            minimum: 8,
            closes_at,
        },
        About::ProcedureEnding {
            application: application.clone(),
            project: project.clone(),
            ends_at: at("2016-08-29T21:59:59.999999Z"),
            is_over: false,
        },
        About::SuspensionEnding {
            application: application.clone(),
            project: project.clone(),
            ends_at: at("2016-07-20T21:59:59.999999Z"),
        },
        About::DeliveryUnrecorded {
            application: application.clone(),
            project: project.clone(),
            requested_at: since,
        },
        About::EvaluatorLate {
            application,
            project,
            evaluator: AWKWARD.into(),
            assigned_at: since,
        },
        About::ProposalExpiring {
            proposal: "0190a7c4-0000-7000-8000-000000000001".into(),
            act: "extension".into(),
            requested_by: "anna".into(),
            expires_at: at("2016-07-20T07:30:00Z"),
        },
        About::LetterFailed {
            letter: "0190a7c4-0000-7000-8000-000000000002".into(),
            kind: LetterKind::Receipt,
            recipient: AWKWARD.into(),
            bounced: true,
            at: since,
        },
    ];
    let lines = abouts.into_iter().enumerate().map(|(number, about)| Line {
        call: "er/2016".parse().unwrap(),
        title: Text::new("Contributi ai consorzi", "Co-financing of consortia"),
        zone: "Europe/Rome".parse().unwrap(),
        subject: number.to_string(),
        nominal_at: at("2016-05-01T07:00:00Z"),
        not_after: None,
        is_late: number == 1,
        about,
    });
    Facts::Reminder {
        lines: lines.collect(),
    }
}

fn suspended(application: String, project: String) -> Facts {
    Facts::CallSuspended {
        application,
        project,
        since: at("2016-05-31T12:00:00Z"),
        reason: AWKWARD.into(),
    }
}

fn resumed(application: String, project: String, closes_at: DateTime<Utc>) -> Facts {
    Facts::CallResumed {
        application,
        project,
        since: at("2016-05-31T12:00:00Z"),
        until: at("2016-06-01T07:30:00Z"),
        was: closes_at,
        closes_at: at("2016-06-02T07:30:00Z"),
        act: "DD 78/2016".into(),
    }
}

fn requested() -> Facts {
    Facts::ClarificationRequested {
        asked: asked(false),
        items: items(),
        term_days: 10,
    }
}

fn noticed() -> Facts {
    Facts::RejectionNotice {
        asked: asked(true),
        items: items(),
        term_days: 10,
    }
}

fn term_runs() -> Facts {
    Facts::ClarificationDue {
        asked: asked(false),
        items: items(),
        delivered_at: at("2016-06-07T08:12:00Z"),
        due_at: at("2016-06-17T21:59:59.999999Z"),
        is_reminder: true,
    }
}

fn answered() -> Facts {
    Facts::AnswerReceipt {
        asked: asked(false),
        items: items().split_off(1),
        answer_protocol: "ER-2016-0000040".into(),
        received_at: at("2016-06-13T15:00:00Z"),
        content_sha256: SHA256.into(),
        due_at: Some(at("2016-06-17T21:59:59.999999Z")),
        documents: vec![AnsweredDocument {
            item: 1,
            name: Text::new("Statuto e atto costitutivo", AWKWARD),
            sha256: SHA256.into(),
        }],
    }
}

fn answered_late() -> Facts {
    Facts::LateAnswer {
        asked: asked(false),
        received_at: at("2016-06-17T22:00:00.000001Z"),
        due_at: at("2016-06-17T21:59:59.999999Z"),
    }
}

fn expired() -> Facts {
    Facts::ClarificationExpired {
        asked: asked(false),
        items: items(),
        due_at: at("2016-06-17T21:59:59.999999Z"),
    }
}

fn taken_back() -> Facts {
    Facts::ClarificationClosed {
        asked: asked(false),
        is_accepted: false,
        reason: AWKWARD.into(),
    }
}

fn inadmissible(protocol: String, project: String) -> Facts {
    Facts::Inadmissible {
        application: protocol.clone(),
        project,
        protocol,
        reasons: vec![
            Reason {
                rule: "E7".into(),
                explanation: Text::new(
                    "i consorziati indipendenti sono 6, ne occorrono 8",
                    "6 independent members, 8 required",
                ),
            },
            Reason {
                rule: "E6".into(),
                explanation: Text::new(AWKWARD, AWKWARD),
            },
        ],
        act: "Determinazione 9120/2016".into(),
        on_observations: AWKWARD.into(),
    }
}

pub(super) fn asked(is_notice: bool) -> Asked {
    Asked {
        clarification: uuid::Uuid::from_u128(0x0190_c1a2).into(),
        application: "ER-2016-0000012".into(),
        project: AWKWARD.into(),
        is_notice,
    }
}

pub(super) fn items() -> Vec<AskedItem> {
    let item = |item, kind, rule: &str, it: &str, en: &str| AskedItem {
        item,
        kind,
        rule: rule.into(),
        text: Text::new(it, en),
    };
    vec![
        item(
            1,
            ItemKind::Document,
            "E3",
            "lo statuto vigente",
            "the statute in force",
        ),
        item(2, ItemKind::Value, "E4", AWKWARD, AWKWARD),
    ]
}

fn rules_changed(application: String, project: String) -> Facts {
    Facts::RulesChanged {
        application,
        project,
        version: 2,
        act: "DGR 500/2016".into(),
        effective_on: NaiveDate::from_ymd_opt(2016, 5, 10).unwrap(),
        differences: vec![
            "rules.cost_categories[website].cap: 10,000.00 EUR → 15,000.00 EUR".into(),
            AWKWARD.into(),
        ],
        grant_before: Some(Eur::cents(4_000_000)),
        grant_after: Some(Eur::cents(4_160_000)),
        failed: vec!["MIN_GRANT".into()],
    }
}

fn check_reopened() -> Facts {
    Facts::CheckReopened {
        application: "ER-2016-0000012".into(),
        project: AWKWARD.into(),
        protocol: "ER-2016-0000012".into(),
        reason: AWKWARD.into(),
    }
}

fn late_admission() -> Facts {
    Facts::LateAdmission {
        application: "ER-2016-0000012".into(),
        project: AWKWARD.into(),
        protocol: "ER-2016-0000012".into(),
        received_at: at("2016-05-31T14:00:00.000001Z"),
        closes_at: at("2016-05-31T14:00:00Z"),
        content_sha256: SHA256.into(),
        act: "DD 91/2016".into(),
        reason: AWKWARD.into(),
    }
}

fn digest_line(call: &str, state: &str, zone: &str) -> DigestLine {
    DigestLine {
        call: call.into(),
        state: state.into(),
        closes_at: at("2016-05-31T14:00:00Z"),
        zone: zone.into(),
        drafts: 7,
        submitted: 26,
        under_check: 3,
        clarifications_open: 2,
        clarifications_ended: 0,
        deliveries_unrecorded: 1,
    }
}

fn digest() -> Facts {
    Facts::OfficersDigest {
        on: NaiveDate::from_ymd_opt(2016, 5, 31).unwrap(),
        calls: vec![
            digest_line("er/2016", "open", "Europe/Rome"),
            digest_line("er/2016-atlantico", "ranked", "Atlantic/Azores"),
        ],
        letters_failed: 1,
        letters_uncertain: 2,
        timers_parked: 0,
        proposals_pending: 3,
        documents_infected: 1,
        fires_failed: 1,
    }
}

fn weekly_report() -> Facts {
    let ahead = |instant: &str, kind, count| Ahead {
        at: at(instant),
        kind,
        call: "er/2016".into(),
        count,
    };
    Facts::WeeklyReport {
        from: NaiveDate::from_ymd_opt(2016, 5, 23).unwrap(),
        to: NaiveDate::from_ymd_opt(2016, 5, 30).unwrap(),
        calls: vec![ReportLine {
            line: digest_line("er/2016", "open", "Europe/Rome"),
            received: 9,
        }],
        letters_sent: 41,
        fires_failed: 1,
        fires_dropped: 0,
        timers_parked: 0,
        proposals_pending: 3,
        ahead: vec![
            ahead("2016-05-31T14:00:00.000001Z", TimerKind::CallCloses, 1),
            ahead("2016-06-02T08:00:00Z", TimerKind::ClarificationDue, 12),
        ],
        zone: "Europe/Rome".into(),
    }
}

fn next_edition() -> Facts {
    Facts::NextEdition {
        last: "er/2016".into(),
        edition: "er/2017".into(),
        opens_at: at("2017-04-10T08:00:00Z"),
        closes_at: at("2017-05-31T14:00:00Z"),
        differences: vec![
            "window.closes_on: 2016-05-31 16:00 → 2017-05-31 16:00".into(),
            AWKWARD.into(),
        ],
    }
}

pub(super) fn letter(facts: Facts, language: Language) -> LetterWanted {
    LetterWanted {
        key: "event/1".into(),
        programme: "er".parse().unwrap(),
        call: Some("er/2016".parse().unwrap()),
        application: Some(uuid::Uuid::from_u128(0x0190_a7c4).into()),
        recipient: Recipient {
            name: format!("Consorzio {AWKWARD}"),
            address: Personal::new("info@consorzio.example.org"),
            language,
            consortium: None,
        },
        facts,
        not_after: None,
    }
}

pub(super) fn rendered(facts: Facts, language: Language) -> Rendered {
    let programme = programme();
    render(&letter(facts, language), &context(&programme)).unwrap()
}
