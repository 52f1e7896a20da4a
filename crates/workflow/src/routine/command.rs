//! The program of a backup: run without a shell, within its time, its exit code taken down.

use std::process::Stdio;
use std::time::Duration;

use bando_domain::schedule::{Fire, FireState, Schedule};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStderr, Command};

/// The end of what the program complained about that is kept, in bytes.
const COMPLAINT: usize = 400;

/// A fire whose program is to run.
#[derive(Debug, Clone)]
pub(crate) struct Started {
    pub(crate) fire: Fire,
    pub(crate) schedule: Schedule,
}

/// Runs the program to its end, or to the end of its time; answers how that went.
pub(crate) async fn run(started: &Started) -> (FireState, String) {
    let plan = &started.schedule.plan;
    let [program, arguments @ ..] = plan.command.as_slice() else {
        return (FireState::Failed, "no command is configured".to_owned());
    };
    let nominal_at = started.fire.nominal_at.unwrap_or(started.fire.made_at);
    let spawned = Command::new(program)
        .args(arguments)
        .env("BANDO_PROGRAMME", started.schedule.programme.as_str())
        .env("BANDO_SCHEDULE", &plan.name)
        .env("BANDO_NOMINAL_AT", nominal_at.to_rfc3339())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        // What it starts belongs to it, and ends with it when its time is over.
        .process_group(0)
        .kill_on_drop(true)
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => return (FireState::Failed, format!("{program}: {error}")),
    };
    let mut group = Group::of(&child);
    let stderr = child.stderr.take();
    let limit = Duration::from_secs(u64::from(plan.time_limit_seconds));
    let running = async { tokio::join!(child.wait(), last_words(stderr)) };
    let Ok((ended, complaint)) = tokio::time::timeout(limit, running).await else {
        drop(group);
        let _ = child.kill().await;
        let message = format!("stopped: it ran longer than {} s", limit.as_secs());
        return (FireState::Failed, message);
    };
    group.ended();
    match ended {
        Ok(status) if status.success() => (FireState::Done, "exit code 0".to_owned()),
        Ok(status) => {
            let code = match status.code() {
                Some(code) => format!("exit code {code}"),
                None => "ended by a signal".to_owned(),
            };
            let message = [code, complaint].join(": ");
            (FireState::Failed, message.trim_end_matches(": ").to_owned())
        }
        Err(error) => (FireState::Failed, format!("{program}: {error}")),
    }
}

/// The processes of a program. Dropped before the program ended, as when its time is over or the
/// daemon stops, it ends all of them.
#[derive(Debug)]
struct Group(Option<Pid>);

impl Group {
    /// It bears the id of the process that leads it.
    fn of(leader: &Child) -> Self {
        let id = leader.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(Pid::from_raw))
    }

    /// The program ended by itself: what it left behind is its own affair.
    const fn ended(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(group) = self.0 else { return };
        if let Err(error) = kill_process_group(group, Signal::KILL) {
            tracing::error!(%error, "what a program started could not be ended");
        }
    }
}

/// The end of what the program wrote to its standard error, without control characters.
async fn last_words(stderr: Option<ChildStderr>) -> String {
    let Some(mut stderr) = stderr else {
        return String::new();
    };
    let (mut kept, mut chunk) = (Vec::new(), [0; 1_024]);
    while let Ok(count @ 1..) = stderr.read(&mut chunk).await {
        kept.extend_from_slice(&chunk[..count]);
        let over = kept.len().saturating_sub(COMPLAINT);
        kept.drain(..over);
    }
    let text = String::from_utf8_lossy(&kept);
    let plain = text
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c });
    plain.collect()
}
