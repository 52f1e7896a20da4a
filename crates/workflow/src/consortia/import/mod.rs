//! Consortia, members and links from one table: all of it, or nothing with every reason. A row may
//! also add to a consortium that is registered already.

mod row;
mod table;

use std::collections::{BTreeMap, HashMap};

use bando_domain::consortium::{self, Change, Consortium, Contact, Event, Profile, Refusal};
use bando_domain::identifiers::PartitaIva;
use bando_domain::ids::{ConsortiumId, ProgrammeId};
use bando_store::{Consequences, Tx, Versioned, consortia, programmes, record};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use self::row::Said;
use self::table::Row;
use crate::authority::expect_programme;
use crate::context::{Command, Context};
use crate::error::Error;

/// Longest value of a cell that is told back, in characters.
const VALUE_LIMIT: usize = 100;

/// What an import came to: everything is written, or nothing and why.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    pub consortia: usize,
    pub members: usize,
    pub links: usize,
    /// In the order of the file.
    pub refused: Vec<Refused>,
}

/// One cell that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Line of the file, from 1; 0 when it is about the whole file.
    pub line: u64,
    /// The column; empty when it is about the whole row.
    pub field: String,
    pub value: String,
    pub rule: String,
    pub explanation: String,
}

impl Refused {
    fn new(
        line: u64,
        field: &str,
        value: &str,
        rule: &str,
        explanation: impl Into<String>,
    ) -> Self {
        Self {
            line,
            field: field.to_owned(),
            value: value.chars().take(VALUE_LIMIT).collect(),
            rule: rule.to_owned(),
            explanation: explanation.into(),
        }
    }
}

/// Imports a table in one transaction.
pub async fn import(
    cx: &Context,
    command: &Command,
    programme: &ProgrammeId,
    file: &[u8],
) -> Result<Imported, Error> {
    expect_programme(&command.actor, programme)?;
    cx.once(command, || async {
        let zone = programmes::get(cx.store.read(), programme)
            .await?
            .value
            .zone;
        let mut plan = Plan::read(file);
        let numbers = plan.parts.keys().cloned();
        let known = consortia::by_partita_iva(cx.store.read(), programme, numbers).await?;
        let (steps, counted) = plan.against(known, zone.day(command.received_at));
        if !counted.refused.is_empty() {
            return Ok(counted);
        }
        let programme = programme.clone();
        cx.commit_many(command, async move |tx: &Tx| {
            for step in steps {
                step.write(tx, &programme).await?;
            }
            Ok(counted)
        })
        .await
    })
    .await
}

/// What the file says of each consortium, in the order of their numbers.
struct Plan {
    parts: BTreeMap<PartitaIva, Part>,
    refused: Vec<Refused>,
}

#[derive(Default)]
struct Part {
    own: Option<(Row, Profile, Contact)>,
    /// Its own row is there but refused: its members are not told for that.
    is_refused: bool,
    rows: Vec<(Row, Change)>,
}

/// What is written of one consortium.
#[derive(Clone)]
enum Step {
    Register(Box<(Profile, Contact)>),
    Change(Box<Versioned<Consortium>>, Vec<Event>),
}

impl Plan {
    fn read(file: &[u8]) -> Self {
        let (rows, refused) = table::read(file);
        let mut plan = Self {
            parts: BTreeMap::new(),
            refused,
        };
        for row in rows {
            plan.add(row);
        }
        plan
    }

    fn add(&mut self, row: Row) {
        let Some((number, said)) = row::read(&row, &mut self.refused) else {
            if row.cell("kind") == "consortium"
                && let Ok(number) = row.cell("consortium").parse()
            {
                self.parts.entry(number).or_default().is_refused = true;
            }
            return;
        };
        let part = self.parts.entry(number).or_default();
        match said {
            Said::Consortium(said) => match &part.own {
                Some((known, ..)) => {
                    let explanation = format!("it stands in line {} already", known.line);
                    let reason = row.refuse("consortium", "DUPLICATE", explanation);
                    self.refused.push(reason);
                }
                None => part.own = Some((row, said.0, said.1)),
            },
            Said::Member(member) => part.rows.push((row, Change::MemberJoined(member))),
            Said::Link(link) => part.rows.push((row, Change::LinkDeclared(link))),
        }
    }

    /// Decides every row on what is registered and on the rows before it.
    fn against(
        &mut self,
        known: Vec<Versioned<Consortium>>,
        today: NaiveDate,
    ) -> (Vec<Step>, Imported) {
        let mut registered: HashMap<PartitaIva, Versioned<Consortium>> = known
            .into_iter()
            .map(|known| (known.value.profile.partita_iva.clone(), known))
            .collect();
        let (mut steps, mut counted) = (Vec::new(), Imported::default());
        for (number, part) in std::mem::take(&mut self.parts) {
            let before = registered.remove(&number);
            let is_refused = part.is_refused;
            match (before, part.own) {
                (Some(_), Some((row, ..))) => {
                    let explanation = "it is registered in this programme";
                    let reason = row.refuse("consortium", "CONSORTIUM_EXISTS", explanation);
                    self.refused.push(reason);
                }
                (Some(before), None) => {
                    let mut profile = before.value.profile.clone();
                    let events = self.apply(&mut profile, part.rows, today, &mut counted);
                    steps.push(Step::Change(Box::new(before), events));
                }
                (None, Some((_, mut profile, contact))) => {
                    self.apply(&mut profile, part.rows, today, &mut counted);
                    counted.consortia += 1;
                    steps.push(Step::Register(Box::new((profile, contact))));
                }
                (None, None) => {
                    let orphans = part.rows.iter().filter(|_| !is_refused);
                    let explanation = "neither the file nor the programme has this consortium";
                    let reasons = orphans.map(|(row, _)| {
                        row.refuse("consortium", "UNKNOWN_CONSORTIUM", explanation)
                    });
                    self.refused.extend(reasons);
                }
            }
        }
        self.refused.sort_by_key(|reason| reason.line);
        counted.refused = std::mem::take(&mut self.refused);
        (steps, counted)
    }

    fn apply(
        &mut self,
        profile: &mut Profile,
        rows: Vec<(Row, Change)>,
        today: NaiveDate,
        counted: &mut Imported,
    ) -> Vec<Event> {
        let mut events = Vec::with_capacity(rows.len());
        for (row, change) in rows {
            let is_member = matches!(change, Change::MemberJoined(_));
            match consortium::decide(profile, change, today) {
                Err(refusal) => self.refused.push(told(&row, &refusal)),
                Ok(event) => {
                    counted.members += usize::from(is_member);
                    counted.links += usize::from(!is_member);
                    profile.take(&event);
                    events.push(event);
                }
            }
        }
        events
    }
}

fn told(row: &Row, refusal: &Refusal) -> Refused {
    row.refuse(
        row::column(refusal.field()),
        refusal.reason(),
        refusal.to_string(),
    )
}

impl Step {
    async fn write(self, tx: &Tx, programme: &ProgrammeId) -> Result<(), Error> {
        match self {
            Self::Register(said) => {
                let (profile, contact) = *said;
                let consortium = Consortium {
                    id: ConsortiumId(tx.new_id()),
                    programme: programme.clone(),
                    profile,
                    contact,
                };
                let event = Event::Registered {
                    consortium: Box::new(consortium),
                };
                record::<Consortium>(tx, None, &event, Consequences::default()).await?;
            }
            Self::Change(before, events) => {
                let mut before = *before;
                for event in events {
                    before = record(tx, Some(before), &event, Consequences::default()).await?;
                }
            }
        }
        Ok(())
    }
}
