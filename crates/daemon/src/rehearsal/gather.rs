//! What the daemon says of the year, gathered into a record: over the wire by people of the office,
//! but for the facts behind letters and the fires of schedules, which no wire carries whole.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use bando_domain::application::State as ApplicationState;
use bando_domain::civil::to_micros;
use bando_domain::ids::{ApplicationId, LetterId};
use bando_domain::letter::{Facts, LetterKind, LetterState};
use bando_domain::money::Eur;
use bando_domain::receipt;
use bando_domain::schedule;
use bando_domain::timer::TimerState;
use bando_proto::v1;
use bando_store::{fires, letters, schedules};
use chrono::{DateTime, Utc};

use super::plan::Part;
use super::play::{Play, Player, id_of};
use super::record::{
    Applied, Asked, Award, Chain, Entry, Fate, Line, Outcome, Posted, Ranked, Receipt, Record,
    Schedule, Timer,
};
use super::report::Stages;
use crate::convert;

/// Rows asked for at a time.
const PAGE: i32 = 500;

pub(super) async fn gather(play: &Play<'_>) -> anyhow::Result<(Record, Stages)> {
    let parsed = &play.wanted.files.parsed;
    let key = public_key(play).await?;
    let found = play.applications().await?;
    let mut applications = Vec::new();
    for application in &found {
        applications.push(applied(play, application, &key)?);
    }
    let asked = asked(play, &found).await?;
    let mut protocols: Vec<String> = applications
        .iter()
        .flat_map(|known| {
            known
                .receipts
                .iter()
                .map(|receipt| receipt.protocol.clone())
        })
        .collect();
    protocols.extend(asked.iter().flat_map(|(_, protocols)| protocols.clone()));
    let officers = play.wanted.files.parsed_programme.officers.iter();
    let mut addresses: BTreeSet<String> = officers.map(|it| it.as_str().to_owned()).collect();
    let contacts = play.players.iter();
    let contacts = contacts.filter_map(|known| known.role.cast.consortium.contact.as_ref());
    addresses.extend(contacts.map(|contact| contact.email.clone()));
    let record = Record {
        call: parsed.id.clone(),
        terms: play.terms.clone(),
        published_at: play.published_at,
        ended_at: play.now().await?,
        downtimes: play.wanted.downtimes.clone(),
        attempts: play.attempts.clone(),
        applications,
        consortia: play.players.iter().map(Player::owner).collect(),
        sheets: play.sheets.clone(),
        ranking: ranking(play).await?,
        awards: awards(play).await?,
        protocols,
        letters: posted(play).await?,
        files: files(play)?,
        addresses,
        asked: asked.into_iter().map(|(asked, _)| asked).collect(),
        timers: timers(play).await?,
        schedules: fired(play).await?,
        duties: play.duties.clone(),
        chain: chain(play).await?,
    };
    let stages = Stages {
        from: play.begins_at,
        until: record.ended_at,
        registered: play.players.len(),
        conflicts: play.conflicts,
    };
    Ok((record, stages))
}

async fn public_key(play: &Play<'_>) -> anyhow::Result<String> {
    let mut desk = play.office.auditor.receipts();
    let keys = desk
        .list_receipt_keys(v1::ListReceiptKeysRequest {})
        .await?;
    let keys = keys.into_inner().keys;
    let key = keys.into_iter().next();
    Ok(key.context("the daemon has no receipt key")?.public_key)
}

fn applied(play: &Play<'_>, application: &v1::Application, key: &str) -> anyhow::Result<Applied> {
    let player = &play.players[play.player_of(application)?];
    let check = application.check.as_ref();
    let participants = application
        .project
        .as_ref()
        .map_or(0, |project| project.participants.len());
    let receipts = application
        .receipts
        .iter()
        .map(|wire| read_receipt(wire, key));
    Ok(Applied {
        id: id_of(&application.name)?,
        consortium: player.owner(),
        title: application.consortium_title.clone(),
        state: state(application.state())?,
        fate: fate(play, player)?,
        receipts: receipts.collect::<anyhow::Result<_>>()?,
        late_attempts: u32::try_from(application.late_attempts)?,
        participants: u32::try_from(participants)?,
        eligible: Eur::cents(check.map_or(0, |check| check.eligible_cents)),
    })
}

fn read_receipt(wire: &v1::SignedStatement, key: &str) -> anyhow::Result<Receipt> {
    let received_at = DateTime::parse_from_rfc3339(&wire.received_at)
        .with_context(|| format!("receipt {} was received at no instant", wire.protocol))?;
    let signed = convert::read_statement(wire);
    Ok(Receipt {
        protocol: wire.protocol.clone(),
        received_at: to_micros(received_at.to_utc()),
        verified: signed.is_some_and(|signed| receipt::verify(&signed, key).is_ok()),
    })
}

/// By what was done with it.
fn fate(play: &Play<'_>, player: &Player) -> anyhow::Result<Fate> {
    let id = player.id()?;
    let own = play.attempts.iter().filter(|one| one.application == id);
    let (received, refused): (Vec<_>, Vec<_>) =
        own.partition(|one| matches!(one.outcome, Outcome::Received { .. }));
    Ok(match player.role.part {
        _ if player.withdrawn => Fate::Withdrawn,
        _ if received.is_empty() && refused.iter().any(|one| one.is_late()) => Fate::Late,
        _ if received.is_empty() => Fate::Lapsed,
        _ if player.rejected => Fate::Inadmissible,
        Part::TooFewMembers if play.terms.rules.members.minimum > 1 => Fate::Inadmissible,
        Part::BelowThreshold if !play.terms.rules.score_grid.threshold.is_zero() => {
            Fate::BelowThreshold
        }
        _ => Fate::Ranked,
    })
}

fn state(wire: v1::ApplicationState) -> anyhow::Result<ApplicationState> {
    let name = wire.as_str_name().trim_start_matches("APPLICATION_STATE_");
    ApplicationState::parse(&name.to_lowercase()).with_context(|| format!("{name} is no state"))
}

/// What was asked of each application, with the protocol numbers of the answers.
async fn asked(
    play: &Play<'_>,
    applications: &[v1::Application],
) -> anyhow::Result<Vec<(Asked, Vec<String>)>> {
    let mut all = Vec::new();
    for application in applications {
        if application.check.is_none() {
            continue;
        }
        let request = v1::GetApplicationRequest {
            name: application.name.clone(),
        };
        let mut desk = play.office.officer.applications();
        let found = desk.get_application(request).await?.into_inner();
        for known in found.clarifications {
            let id = known.name.rsplit('/').next().unwrap_or_default();
            let purpose = known.purpose();
            let receipts = known.answers.iter().filter_map(|one| one.receipt.as_ref());
            let protocols = receipts.map(|receipt| receipt.protocol.clone()).collect();
            let asked = Asked {
                id: id.to_owned(),
                application: id_of(&application.name)?,
                is_notice: purpose == v1::ClarificationPurpose::NoticeBeforeRejection,
                answers: known.answers.len(),
                expired: known.state() == v1::ClarificationState::Expired,
            };
            all.push((asked, protocols));
        }
    }
    Ok(all)
}

async fn ranking(play: &Play<'_>) -> anyhow::Result<Option<Ranked>> {
    let request = v1::GetRankingRequest {
        name: format!("{}/rankings/-", play.call()),
    };
    let mut desk = play.office.auditor.rankings();
    let found = desk.get_ranking(request).await?.into_inner();
    let entry = |entry: &v1::RankingEntry| {
        Ok(Entry {
            application: id_of(&entry.application)?,
            total: entry.total.clone(),
            amount: Eur::cents(entry.amount_cents),
        })
    };
    let below = found.below_threshold.iter();
    Ok(Some(Ranked {
        budget: Eur::cents(found.budget_cents),
        granted: Eur::cents(found.granted_cents),
        left: Eur::cents(found.left_cents),
        entries: found
            .entries
            .iter()
            .map(entry)
            .collect::<anyhow::Result<_>>()?,
        below_threshold: below
            .map(|one| id_of(&one.application))
            .collect::<anyhow::Result<_>>()?,
    }))
}

async fn awards(play: &Play<'_>) -> anyhow::Result<Vec<Award>> {
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = v1::ListAwardsRequest {
            parent: play.call(),
            page_size: PAGE,
            page_token,
        };
        let mut desk = play.office.auditor.awards();
        let page = desk.list_awards(request).await?.into_inner();
        for award in page.awards {
            all.push(Award {
                application: id_of(&award.application)?,
                amount: Eur::cents(award.amount_cents),
                full: Eur::cents(award.full_cents),
            });
        }
        if page.next_page_token.is_empty() {
            return Ok(all);
        }
        page_token = page.next_page_token;
    }
}

async fn posted(play: &Play<'_>) -> anyhow::Result<Vec<Posted>> {
    let owners: BTreeMap<&str, String> = play
        .players
        .iter()
        .filter_map(|player| {
            let contact = player.role.cast.consortium.contact.as_ref()?;
            Some((contact.email.as_str(), player.owner()))
        })
        .collect();
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = v1::ListLettersRequest {
            parent: play.programme(),
            page_size: PAGE,
            page_token,
            filter: String::new(),
        };
        let mut desk = play.office.auditor.letters();
        let page = desk.list_letters(request).await?.into_inner();
        for letter in page.letters {
            all.push(read_letter(play, letter, &owners).await?);
        }
        if page.next_page_token.is_empty() {
            return Ok(all);
        }
        page_token = page.next_page_token;
    }
}

async fn read_letter(
    play: &Play<'_>,
    letter: v1::Letter,
    owners: &BTreeMap<&str, String>,
) -> anyhow::Result<Posted> {
    let id = letter.name.rsplit('/').next().unwrap_or_default();
    let mut kinds = LetterKind::ALL.into_iter();
    let kind = kinds.find(|kind| kind.as_str() == letter.kind);
    let kind = kind.with_context(|| format!("{} is no kind of letter", letter.kind))?;
    let state = letter
        .state()
        .as_str_name()
        .trim_start_matches("LETTER_STATE_")
        .to_lowercase();
    let application = match letter.application.as_str() {
        "" => None,
        name => Some(id_of(name)?),
    };
    let lines = match kind {
        LetterKind::Reminder => lines(play, id.parse()?).await?,
        _ => Vec::new(),
    };
    let instant = |at: Option<prost_types::Timestamp>| at.and_then(convert::read_instant);
    Ok(Posted {
        id: id.to_owned(),
        state: LetterState::parse(&state).with_context(|| format!("{state} is no state"))?,
        kind,
        application,
        consortium: owners.get(letter.address.as_str()).cloned(),
        queued_at: instant(letter.queued_at).context("a letter that was never queued")?,
        sent_at: instant(letter.sent_at),
        key: letter.key,
        address: letter.address,
        lines,
    })
}

async fn lines(play: &Play<'_>, id: uuid::Uuid) -> anyhow::Result<Vec<Line>> {
    let store = &play.house.cx()?.store;
    let (letter, _) = letters::get(store.read(), LetterId(id)).await?;
    let Facts::Reminder { lines } = letter.wanted.facts else {
        return Ok(Vec::new());
    };
    let line = |line: bando_domain::reminder::Line| Line {
        topic: line.topic(),
        subject: line.subject,
        nominal_at: line.nominal_at,
        is_late: line.is_late,
    };
    Ok(lines.into_iter().map(line).collect())
}

fn files(play: &Play<'_>) -> anyhow::Result<BTreeSet<String>> {
    let folder = &play.wanted.letters_dir;
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        found.insert(name.strip_suffix(".eml").unwrap_or(&name).to_owned());
    }
    Ok(found)
}

async fn timers(play: &Play<'_>) -> anyhow::Result<Vec<Timer>> {
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = v1::ListTimersRequest {
            parent: play.programme(),
            page_size: PAGE,
            page_token,
            filter: String::new(),
        };
        let mut desk = play.office.auditor.timers();
        let page = desk.list_timers(request).await?.into_inner();
        for timer in page.timers {
            all.push(read_timer(timer)?);
        }
        if page.next_page_token.is_empty() {
            return Ok(all);
        }
        page_token = page.next_page_token;
    }
}

fn read_timer(timer: v1::Timer) -> anyhow::Result<Timer> {
    let state = match timer.state() {
        v1::TimerState::Fired => TimerState::Fired,
        v1::TimerState::Parked => TimerState::Parked,
        v1::TimerState::Cancelled => TimerState::Cancelled,
        v1::TimerState::Waiting | v1::TimerState::Unspecified => TimerState::Waiting,
    };
    let instant = |at: Option<prost_types::Timestamp>| at.and_then(convert::read_instant);
    Ok(Timer {
        id: timer.name.rsplit('/').next().unwrap_or_default().to_owned(),
        kind: timer.kind,
        subject: timer.subject,
        state,
        nominal_at: instant(timer.nominal_at).context("a timer without its instant")?,
        due_at: instant(timer.due_at).context("a timer without its instant")?,
        fired_at: instant(timer.fired_at),
        attempts: timer.attempts,
    })
}

/// What each schedule of the programme should have fired, and what it did.
async fn fired(play: &Play<'_>) -> anyhow::Result<Vec<Schedule>> {
    let db = play.house.cx()?.store.read();
    let programme = play.wanted.files.parsed.id.programme();
    let (from, until) = (play.begins_at, play.now().await?);
    let mut all = Vec::new();
    for known in schedules::of_programme(db, programme).await? {
        let named = (programme.clone(), known.plan.name.clone());
        let mut expected: Vec<DateTime<Utc>> = Vec::new();
        let mut next = schedule::first_after(&known.plan, from);
        while schedule::due_at(programme, &known.plan, next) <= until {
            expected.push(next);
            next = schedule::first_after(&known.plan, next);
        }
        all.push(Schedule {
            fired: fires::nominal(db, &named, (from, until)).await?,
            name: known.plan.name,
            expected,
        });
    }
    Ok(all)
}

async fn chain(play: &Play<'_>) -> anyhow::Result<Chain> {
    let mut desk = play.office.auditor.events();
    let verified = desk.verify_chain(v1::VerifyChainRequest {}).await?;
    let verified = verified.into_inner();
    Ok(Chain {
        valid: verified.valid,
        events: verified.events,
        finding: verified.finding,
    })
}

/// For a quick look-up of an application.
impl Record {
    pub(super) fn application(&self, id: ApplicationId) -> Option<&Applied> {
        self.applications.iter().find(|known| known.id == id)
    }
}
