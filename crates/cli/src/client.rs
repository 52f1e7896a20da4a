//! The connection to the daemon: address, trust and the bearer token on every request.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tonic::Request;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Uri};

use crate::args::Globals;
use crate::errors::{Exit, Failure};
use crate::files;
use crate::output;

/// Largest answer taken, in bytes: a page of applications with their projects.
pub(crate) const LARGEST_ANSWER: usize = 32 * 1024 * 1024;

/// Where systems keep the certificates they trust.
const SYSTEM_CERTIFICATES: [&str; 3] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

/// What every client of a service speaks through.
pub(crate) type Wire = InterceptedService<Channel, Caller>;

/// Puts the token and the time to wait on every request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    authorization: Option<MetadataValue<Ascii>>,
    timeout: Duration,
}

impl Interceptor for Caller {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, tonic::Status> {
        request.set_timeout(self.timeout);
        if let Some(authorization) = &self.authorization {
            request
                .metadata_mut()
                .insert("authorization", authorization.clone());
        }
        Ok(request)
    }
}

/// Prepares the connection; the first request makes it.
pub(crate) fn dial(globals: &Globals) -> Result<Wire, Failure> {
    let endpoint = Endpoint::from_shared(globals.server.clone())
        .map_err(|error| bad_server(&globals.server, &error.to_string()))?
        .user_agent(concat!("bando/", env!("CARGO_PKG_VERSION")))
        .map_err(|error| bad_server(&globals.server, &error.to_string()))?
        .connect_timeout(Duration::from_secs(5));
    let endpoint = match endpoint.uri().scheme_str() {
        Some("http") => endpoint,
        Some("https") => endpoint
            .tls_config(trust(globals.ca())?)
            .map_err(|error| bad_server(&globals.server, &error.to_string()))?,
        _ => return Err(bad_server(&globals.server, "http:// or https:// expected")),
    };
    let authorization = globals.token_file().map(bearer).transpose()?;
    if authorization.is_some() && is_open_to_others(endpoint.uri()) {
        output::talk(&format!(
            "warning: the token goes to {} unencrypted",
            globals.server
        ));
    }
    let caller = Caller {
        authorization,
        timeout: Duration::from_secs(globals.timeout),
    };
    Ok(InterceptedService::new(endpoint.connect_lazy(), caller))
}

/// Whether what is sent can be read on the way.
fn is_open_to_others(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost",
    };
    uri.scheme_str() == Some("http") && !is_here
}

fn trust(ca: Option<&Path>) -> Result<ClientTlsConfig, Failure> {
    let path = match ca {
        Some(path) => path.to_owned(),
        None => SYSTEM_CERTIFICATES
            .map(PathBuf::from)
            .into_iter()
            .find(|path| path.exists())
            .ok_or_else(|| {
                let message = "this machine has no list of trusted certificates: give one by --ca";
                Failure::new(Exit::Usage, "CA_MISSING", message)
            })?,
    };
    let pem = files::read_bytes(&path)?;
    Ok(ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)))
}

/// The token of a file as the header carries it. The header never appears in a log of ours.
fn bearer(path: &Path) -> Result<MetadataValue<Ascii>, Failure> {
    let text = files::read_text(path)?;
    let secret = text.trim();
    if secret.is_empty() || secret.contains(char::is_whitespace) {
        return Err(bad_token(path));
    }
    let mut value: MetadataValue<Ascii> = format!("Bearer {secret}")
        .parse()
        .map_err(|_| bad_token(path))?;
    value.set_sensitive(true);
    Ok(value)
}

fn bad_token(path: &Path) -> Failure {
    let message = format!("{} does not hold one API token", path.display());
    Failure::new(Exit::Usage, "TOKEN_FILE_INVALID", message)
}

fn bad_server(server: &str, cause: &str) -> Failure {
    let message = format!("`{server}` is no address of a daemon: {cause}");
    Failure::new(Exit::Usage, "SERVER_INVALID", message)
        .with_hint("bando --server http://127.0.0.1:7443 call list")
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::Cli;

    fn globals(words: &[&str]) -> Globals {
        let words = ["bando", "call", "list"].iter().chain(words);
        Cli::try_parse_from(words).unwrap().globals
    }

    #[tokio::test]
    async fn the_token_of_a_file_goes_into_the_header_as_a_bearer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "bando_abc\n").unwrap();

        let header = bearer(&path).unwrap();

        assert_eq!(header.to_str().unwrap(), "Bearer bando_abc");
        assert_eq!(format!("{header:?}"), "Sensitive");
    }

    #[test]
    fn a_file_that_is_no_token_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for content in ["", "\n", "two words", "a\nb"] {
            let path = folder.path().join("token");
            std::fs::write(&path, content).unwrap();

            assert_eq!(
                bearer(&path).unwrap_err().exit(),
                Exit::Usage,
                "{content:?}"
            );
        }
    }

    #[test]
    fn only_this_machine_and_tls_keep_a_token_to_themselves() {
        let is_open = |uri: &str| is_open_to_others(&uri.parse().unwrap());

        for uri in [
            "http://127.0.0.1:7443",
            "http://[::1]:7443",
            "http://localhost",
            "https://x",
        ] {
            assert!(!is_open(uri), "{uri}");
        }
        for uri in [
            "http://10.0.0.1:7443",
            "http://bando.example",
            "http://[fe80::1]",
        ] {
            assert!(is_open(uri), "{uri}");
        }
    }

    #[tokio::test]
    async fn only_http_and_https_are_spoken() {
        assert!(dial(&globals(&["--server", "http://127.0.0.1:7443"])).is_ok());
        for server in ["ftp://127.0.0.1", "127.0.0.1:7443", "", "http://"] {
            assert!(dial(&globals(&["--server", server])).is_err(), "{server}");
        }
    }
}
