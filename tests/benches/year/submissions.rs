//! Submissions and listings over gRPC, on the running daemon.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bando_domain::identifiers::PartitaIva;
use bando_proto::v1;
use bando_tests::daemon::{Applicant, CALL, Office, PROGRAMME, consortium, person, project};
use bando_tests::desk::Desk;
use tonic::transport::Channel;

const MEMBERS: u32 = 12;
const BUDGET_LINES: u32 = 30;
/// Drafts made ready at a time, so that preparing is not measured.
const BATCH: usize = 5_000;

/// Submissions per second of `clients` that submit the drafts of these consortia, each on its own
/// connection. Each is an application of twelve firms and thirty budget lines.
pub(crate) async fn submit(
    endpoint: &str,
    office: &Office,
    numbers: RangeInclusive<u32>,
    clients: u32,
) -> anyhow::Result<f64> {
    let mut channels = Vec::new();
    for _ in 0..clients {
        channels.push(Channel::from_shared(endpoint.to_owned())?.connect().await?);
    }
    let (mut submitted, mut taken) = (0_u32, Duration::ZERO);
    let all: Vec<u32> = numbers.collect();
    for batch in all.chunks(BATCH) {
        let shares = share(batch, channels.len());
        let preparing = shares
            .into_iter()
            .zip(&channels)
            .map(|(share, channel)| prepare(share, channel, office));
        let ready = futures::future::try_join_all(preparing).await?;
        let started = Instant::now();
        let clients = ready.into_iter().map(|drafts| {
            tokio::spawn(async move {
                for (applicant, draft) in &drafts {
                    applicant.submit(draft).await?;
                }
                anyhow::Ok(())
            })
        });
        for client in futures::future::join_all(clients).await {
            client??;
        }
        taken += started.elapsed();
        submitted += u32::try_from(batch.len())?;
    }
    Ok(f64::from(submitted) / taken.as_secs_f64())
}

fn share(numbers: &[u32], clients: usize) -> Vec<Vec<u32>> {
    let mut shares = vec![Vec::new(); clients];
    for (position, number) in numbers.iter().enumerate() {
        shares[position % clients].push(*number);
    }
    shares
}

async fn prepare(
    numbers: Vec<u32>,
    channel: &Channel,
    office: &Office,
) -> anyhow::Result<Vec<(Applicant, v1::Application)>> {
    let officer = Desk::new(channel, &office.officer.secret)?;
    let admin = Desk::new(channel, &office.admin.secret)?;
    let mut ready = Vec::with_capacity(numbers.len());
    for number in numbers {
        let request = v1::RegisterConsortiumRequest {
            parent: PROGRAMME.to_owned(),
            consortium: Some(of_twelve(number)),
            ..Default::default()
        };
        let consortium = officer
            .consortia()
            .register_consortium(request)
            .await?
            .into_inner();
        let name = format!("consorzio{number}");
        let roles = [v1::Role::Consortium];
        let desk = person(channel, &admin, &name, &roles, PROGRAMME, &consortium.name).await?;
        let applicant = Applicant { desk, consortium };
        let mut project = project(&applicant.consortium);
        let line = project.budget_lines.pop().context("a budget line")?;
        project.budget_lines = (0..BUDGET_LINES)
            .map(|position| v1::BudgetLine {
                description: format!("stand {position}"),
                amount_cents: line.amount_cents / i64::from(BUDGET_LINES),
                ..line.clone()
            })
            .collect();
        let draft = applicant.create(project).await?;
        ready.push((applicant, draft));
    }
    Ok(ready)
}

fn of_twelve(number: u32) -> v1::Consortium {
    let mut consortium = consortium(1);
    if let Some(profile) = &mut consortium.profile {
        profile.title = format!("Consorzio {number}");
        profile.partita_iva = PartitaIva::from_seven(9_000_000 + number, 36).to_string();
        let member = profile.members.first().cloned().unwrap_or_default();
        profile.members = (0..MEMBERS)
            .map(|position| v1::Member {
                partita_iva: PartitaIva::from_seven(number * MEMBERS + position, 40).to_string(),
                title: format!("Impresa {number}-{position}"),
                share_cents: 150_000,
                ..member.clone()
            })
            .collect();
    }
    consortium
}

pub(crate) struct Listed {
    pub(crate) rows: usize,
    /// Milliseconds of a page, over all of them.
    pub(crate) p99: f64,
    /// Milliseconds of the last page, asked again and again.
    pub(crate) last_p99: f64,
}

/// Walks all applications, fifty a page.
pub(crate) async fn list(office: &Office) -> anyhow::Result<Listed> {
    let mut desk = office.officer.applications();
    let mut request = v1::ListApplicationsRequest {
        parent: CALL.to_owned(),
        page_size: 50,
        ..Default::default()
    };
    let (mut rows, mut taken) = (0, Vec::new());
    loop {
        let started = Instant::now();
        let page = desk.list_applications(request.clone()).await?.into_inner();
        taken.push(started.elapsed());
        rows += page.applications.len();
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    let mut last = Vec::new();
    for _ in 0..300 {
        let started = Instant::now();
        desk.list_applications(request.clone()).await?;
        last.push(started.elapsed());
    }
    Ok(Listed {
        rows,
        p99: p99(taken),
        last_p99: p99(last),
    })
}

pub(crate) fn p99(mut taken: Vec<Duration>) -> f64 {
    taken.sort_unstable();
    let index = (taken.len() * 99 / 100).min(taken.len().saturating_sub(1));
    taken
        .get(index)
        .map_or(0.0, |duration| duration.as_secs_f64() * 1_000.0)
}
