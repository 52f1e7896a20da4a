//! How a finished message leaves: through an SMTP relay, or into a folder of `.eml` files that
//! are whole and on disk before they count as sent.

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use bando_store::letters::Frozen;
use lettre::address::Envelope;
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

/// How long the relay may take for one message: well under the letter's lease. The library's own
/// limit covers only connecting.
const LIMIT: Duration = Duration::from_secs(20);

/// What a relay said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It took the message: 250.
    Taken(String),
    /// Not now.
    NotNow(String),
    /// Never.
    Never(String),
    /// It may have taken it: nobody knows.
    Unknown(String),
}

/// An envelope and the bytes in it.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// File name for a folder: the letter's id.
    pub name: String,
    pub from: String,
    pub to: String,
    pub frozen: Frozen,
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A way for messages to leave.
pub trait Mailer: Debug + Send + Sync {
    /// Whether it can be spoken to at all; asked before a letter becomes `sending`.
    fn ready(&self) -> Answer<'_, Result<(), String>>;
    fn send(&self, parcel: Parcel) -> Answer<'_, Outcome>;
}

/// Where the relay is.
#[derive(Debug, Clone)]
pub struct Relay {
    pub host: String,
    pub port: u16,
    pub security: Security,
    pub login: Option<Login>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte.
    Tls,
    StartTls,
    /// For a relay on the same machine.
    None,
}

#[derive(Clone)]
pub struct Login {
    pub user: String,
    pub password: String,
}

impl Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Login({}, …)", self.user)
    }
}

#[derive(Debug)]
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl SmtpMailer {
    /// # Errors
    /// When the host's name cannot be used for TLS.
    pub fn new(relay: &Relay) -> Result<Self, lettre::transport::smtp::Error> {
        type Smtp = AsyncSmtpTransport<Tokio1Executor>;
        let mut builder = match relay.security {
            Security::Tls => Smtp::relay(&relay.host)?,
            Security::StartTls => Smtp::starttls_relay(&relay.host)?,
            Security::None => Smtp::builder_dangerous(&relay.host),
        };
        if let Some(login) = &relay.login {
            let credentials = Credentials::new(login.user.clone(), login.password.clone());
            builder = builder.credentials(credentials);
        }
        let pool = PoolConfig::new().max_size(4).idle_timeout(LIMIT);
        let builder = builder
            .port(relay.port)
            .timeout(Some(Duration::from_secs(10)))
            .pool_config(pool);
        Ok(Self {
            transport: builder.build(),
        })
    }

    async fn speak(&self, parcel: Parcel) -> Outcome {
        let (from, to) = (parcel.from.parse(), parcel.to.parse());
        let (Ok(from), Ok(to)) = (from, to) else {
            return Outcome::Never("the address cannot stand in an envelope".to_owned());
        };
        let Ok(envelope) = Envelope::new(Some(from), vec![to]) else {
            return Outcome::Never("the envelope has no recipient".to_owned());
        };
        let sending = self.transport.send_raw(&envelope, &parcel.frozen.message);
        match tokio::time::timeout(LIMIT, sending).await {
            Err(_) => Outcome::Unknown("no answer within 20 s".to_owned()),
            Ok(Ok(response)) => {
                let text: Vec<&str> = response.message().collect();
                Outcome::Taken(format!("{} {}", response.code(), text.join(" ")))
            }
            Ok(Err(error)) if error.is_permanent() => Outcome::Never(error.to_string()),
            Ok(Err(error)) if error.is_transient() => Outcome::NotNow(error.to_string()),
            Ok(Err(error)) => Outcome::Unknown(error.to_string()),
        }
    }
}

impl Mailer for SmtpMailer {
    fn ready(&self) -> Answer<'_, Result<(), String>> {
        Box::pin(async {
            match tokio::time::timeout(LIMIT, self.transport.test_connection()).await {
                Ok(Ok(true)) => Ok(()),
                Ok(Ok(false)) => Err("the relay does not answer".to_owned()),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err("the relay does not answer within 20 s".to_owned()),
            }
        })
    }

    fn send(&self, parcel: Parcel) -> Answer<'_, Outcome> {
        Box::pin(self.speak(parcel))
    }
}

/// Writes each message as `<letter id>.eml`.
#[derive(Debug)]
pub struct FolderMailer {
    folder: PathBuf,
}

impl FolderMailer {
    /// # Errors
    /// When the folder cannot be made.
    pub fn new(folder: PathBuf) -> std::io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }
}

impl Mailer for FolderMailer {
    fn ready(&self) -> Answer<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }

    fn send(&self, parcel: Parcel) -> Answer<'_, Outcome> {
        let folder = self.folder.clone();
        Box::pin(async move {
            let writing = tokio::task::spawn_blocking(move || write_whole(&folder, &parcel));
            match writing.await {
                Ok(Ok(())) => Outcome::Taken("250 on disk".to_owned()),
                Ok(Err(error)) => Outcome::NotNow(error.to_string()),
                Err(error) => Outcome::NotNow(error.to_string()),
            }
        })
    }
}

/// Whole, on disk and under its final name, or not there at all.
fn write_whole(folder: &Path, parcel: &Parcel) -> std::io::Result<()> {
    use std::io::Write as _;
    let temporary = folder.join(format!(".{}.part", parcel.name));
    let mut file = std::fs::File::create(&temporary)?;
    file.write_all(&parcel.frozen.message)?;
    file.sync_all()?;
    std::fs::rename(&temporary, folder.join(format!("{}.eml", parcel.name)))?;
    std::fs::File::open(folder)?.sync_all()
}
