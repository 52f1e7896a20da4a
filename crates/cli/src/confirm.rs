//! Severe acts are confirmed by the code of their call: typed at a terminal, given in a script.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use clap::Args;
use tokio::sync::oneshot;

use crate::errors::{Exit, Failure};
use crate::hints;
use crate::names::short_call;
use crate::session::Session;

/// The option of an act that cannot simply be taken back.
#[derive(Debug, Args)]
pub(crate) struct Confirmation {
    /// The code of the call, such as er/2016, for an act that is not simply taken back; a terminal
    /// asks for it when absent.
    #[arg(long, value_name = "CODE")]
    confirm: Option<String>,
}

impl Confirmation {
    /// Goes on only when the call was named once more; a dry run changes nothing and needs none.
    pub(crate) async fn expect(
        &self,
        what: &str,
        call: &str,
        session: &Session,
    ) -> Result<(), Failure> {
        if session.dry_run() {
            return Ok(());
        }
        let code = short_call(call);
        let given = match &self.confirm {
            Some(given) => given.clone(),
            None if io::stdin().is_terminal() && io::stderr().is_terminal() => {
                asked(&format!("This {what}. Type {code} to go on: ")).await
            }
            None => return Err(required(what, &code)),
        };
        if given == code {
            return Ok(());
        }
        let message = format!("this {what}: it is confirmed by {code}, `{given}` was given");
        Err(Failure::new(Exit::Usage, "CONFIRMATION_MISMATCH", message))
    }
}

fn required(what: &str, code: &str) -> Failure {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let message = format!("this {what}: it is confirmed by the code of its call");
    Failure::new(Exit::Usage, "CONFIRMATION_REQUIRED", message)
        .with_hint(format!("{} --confirm {code}", hints::line(&words)))
}

/// A line typed at the terminal. A thread of its own waits for it, so that an interrupt ends the
/// tool at once; nothing typed is an empty answer.
async fn asked(question: &str) -> String {
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "{question}");
    let _ = stderr.flush();
    drop(stderr);
    let (answer, line) = oneshot::channel();
    std::thread::spawn(move || {
        let mut typed = String::new();
        let _ = io::stdin().lock().read_line(&mut typed);
        let _ = answer.send(typed.trim().to_owned());
    });
    line.await.unwrap_or_default()
}
