//! What `bandod dev` prepares: the sample programme and calls, and a token for trying things.

use std::path::PathBuf;

use bando_domain::actor::{Actor, Role};
use bando_domain::ids::ProgrammeId;
use bando_workflow::{Command, calls, programmes, tokens};

use crate::config::{Config, Mail};
use crate::keys;
use crate::samples;
use crate::serve::Running;

/// Days a development token lives.
const DAYS: u32 = 366;

/// Tokens that were written for trying things, by role.
pub struct Prepared {
    pub tokens: Vec<(&'static str, PathBuf)>,
}

/// Loads the samples and, at the first start, writes tokens for three people.
pub async fn prepare(running: &Running, config: &Config) -> anyhow::Result<Prepared> {
    let cx = &running.cx;
    let command = Command {
        actor: developer(),
        ..Command::of_time(cx.now())
    };
    let (name, text) = samples::PROGRAMME;
    let programme = programmes::load(cx, &command, name, text).await?.value.id;
    for (name, text) in samples::CALLS {
        let known = calls::list(cx, &command.actor, &programme, &samples::all()).await?;
        let code = name.trim_start_matches("calls/").trim_end_matches(".toml");
        if known.rows.iter().all(|call| call.value.id.code() != code) {
            calls::load(cx, &command, &programme, name, text).await?;
        }
    }
    let people: [(&str, &[Role]); 3] = [
        ("admin", &[Role::Admin]),
        ("officer", &[Role::Officer, Role::Manager, Role::Auditor]),
        ("approver", &[Role::Approver]),
    ];
    let mut written = Vec::new();
    for (person, roles) in people {
        let path = config.data_dir.join(format!("{person}.token"));
        if !path.exists() {
            let secret = secret(running, &programme, person, roles).await?;
            keys::write_secret(&path, &secret)?;
        }
        written.push((person, path));
    }
    Ok(Prepared { tokens: written })
}

async fn secret(
    running: &Running,
    programme: &ProgrammeId,
    person: &str,
    roles: &[Role],
) -> anyhow::Result<String> {
    let wanted = tokens::Wanted {
        person: person.to_owned(),
        roles: roles.to_vec(),
        programme: (!roles.contains(&Role::Admin)).then(|| programme.clone()),
        consortium: None,
        days: DAYS,
    };
    let command = Command {
        actor: developer(),
        ..Command::of_time(running.cx.now())
    };
    let created = tokens::create(&running.cx, &command, wanted).await?;
    Ok(created.secret.unwrap_or_default())
}

fn developer() -> Actor {
    Actor {
        person: "bandod-dev".to_owned(),
        roles: vec![Role::Manager, Role::Officer, Role::Admin],
        programme: None,
        consortium: None,
    }
}

/// Where everything is, and what to try.
pub fn welcome(running: &Running, config: &Config, prepared: &Prepared) -> Vec<String> {
    let letters = match &config.mail {
        Mail::Folder(folder) => folder.display().to_string(),
        Mail::Smtp(relay) => format!("relay {}", relay.host),
    };
    let mut lines = vec![
        format!("gRPC      {}", running.endpoint),
        format!("data      {}", config.data_dir.display()),
        format!("letters   {letters}"),
    ];
    lines.extend(
        prepared
            .tokens
            .iter()
            .map(|(who, path)| format!("token     {who}: {}", path.display())),
    );
    let Some((_, officer)) = prepared.tokens.get(1) else {
        return lines;
    };
    let bando = format!(
        "bando --server {} --token-file {}",
        running.endpoint,
        officer.display()
    );
    lines.push("try".to_owned());
    lines.push(format!("  {bando} call list"));
    lines.push(format!("  {bando} call describe er/2027"));
    lines.push(format!("  {bando} call publish er/2027 --dry-run"));
    lines
}
